import { expect, test } from 'vitest';
import { InvalidInput, NotFound, Problem, Unauthenticated, Unavailable } from '#platform/errors.ts';
import type { HttpEvent, HttpResult } from './event.ts';
import { problemResponse } from './problem.ts';

/** The whole answer to a request that has failed with an error. */
function answerTo(error: unknown): HttpResult {
  const event = { routeKey: 'GET /x', requestContext: { requestId: 'r-1' } } as unknown as HttpEvent;
  const request = { event, error, response: undefined as HttpResult | undefined };
  problemResponse().onError?.(request as never);
  return request.response as HttpResult;
}

const headers = {
  'content-type': 'application/problem+json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};
const ofSql = (code: string) => Object.assign(new Error('secret'), { severity: 'ERROR', code });

test.each([
  [new NotFound('item X'), 'Not Found', { code: 'not_found', detail: 'There is no item X.' }, {}],
  [
    new InvalidInput('No.', [{ field: 'a', message: 'b' }]),
    'Bad Request',
    { code: 'invalid_input', detail: 'No.', errors: [{ field: 'a', message: 'b' }] },
    {},
  ],
  [
    new Unauthenticated('unauthenticated', 'Who?'),
    'Unauthorized',
    { code: 'unauthenticated', detail: 'Who?' },
    { 'www-authenticate': 'Bearer realm="stockade"' },
  ],
  [
    new Problem('insufficient_stock', 409, 'No.', { extra: { lines: [{ sku: 'X' }] } }),
    'Conflict',
    { code: 'insufficient_stock', detail: 'No.', lines: [{ sku: 'X' }] },
    {},
  ],
  [
    new Problem('too_many_requests', 429, 'Wait.', { retryAfterSeconds: 0 }),
    'Too Many Requests',
    { code: 'too_many_requests', detail: 'Wait.' },
    { 'retry-after': '0' },
  ],
  [
    new Unavailable('Later.', new Error('secret'), 'busy'),
    'Service Unavailable',
    { code: 'busy', detail: 'Later.' },
    { 'retry-after': '2' },
  ],
  [
    ofSql('57014'),
    'Service Unavailable',
    { code: 'timeout', detail: 'The request took too long and was stopped.' },
    { 'retry-after': '2' },
  ],
] as const)('%s is answered as %s, whole', (error, title, expected, more) => {
  const { statusCode, body, headers: answered } = answerTo(error);
  const status = JSON.parse(body).status;
  expect(JSON.parse(body)).toEqual({ type: 'about:blank', title, status, requestId: 'r-1', ...expected });
  expect(statusCode).toBe(status);
  expect(answered).toEqual({ ...headers, ...more });
  expect(body).not.toContain('secret');
});

test.each([
  ['a fault of ours', new TypeError('secret')],
  ['a SQLSTATE that is not in the table', ofSql('42P01')],
  ['what is no error', 'secret'],
])('%s is a bare 500 with the id of the request', (_, error) => {
  const answer = answerTo(error);
  expect(answer).toEqual({ statusCode: 500, headers, body: expect.any(String) });
  expect(JSON.parse(answer.body)).toEqual({
    type: 'about:blank',
    title: 'Internal Server Error',
    status: 500,
    code: 'internal',
    detail: 'Something went wrong on our side. Quote the request id when you report it.',
    requestId: 'r-1',
  });
});
