import middy from '@middy/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InvalidInput, NotFound, Problem, Unauthenticated, Unavailable } from '#platform/errors.ts';
import { log } from '#platform/log.ts';
import { type HttpEvent, type HttpResult, json, noContent, principalArnOf } from './event.ts';
import { openPages } from './open-pages.ts';
import { problemResponse } from './problem.ts';
import { requestContext } from './request-context.ts';

const event = {
  routeKey: 'GET /x',
  headers: {},
  requestContext: { requestId: 'r-1' },
} as unknown as HttpEvent;
const headers = {
  'content-type': 'application/problem+json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-request-id': 'r-1',
};
const keys = { requestId: 'r-1', route: 'GET /x' };

const logged = {
  info: vi.spyOn(log, 'info'),
  warn: vi.spyOn(log, 'warn'),
  error: vi.spyOn(log, 'error'),
};
beforeEach(() => {
  for (const spy of Object.values(logged)) spy.mockReturnValue();
});
afterEach(() => {
  for (const spy of Object.values(logged)) spy.mockClear();
});

/** What becomes of an answer, or of what was thrown, behind the chain of every endpoint. */
async function answer(outcome: HttpResult | (() => never)) {
  const handler = middy<HttpEvent, HttpResult>()
    .use(requestContext())
    .use(problemResponse())
    .handler(async () => (typeof outcome === 'function' ? outcome() : outcome));
  const result = (await handler(event, {} as never)) as HttpResult;
  return { ...result, body: result.body && JSON.parse(result.body) };
}
const thrown = (error: unknown) =>
  answer(() => {
    throw error;
  });
const sqlError = (code: string, detail?: unknown) =>
  Object.assign(new Error('SQL'), { severity: 'ERROR', code, detail: detail && JSON.stringify(detail) });

describe('what was thrown becomes a problem', () => {
  test.each([
    [
      'wrong input',
      new InvalidInput('Wrong.', [{ field: 'a', message: 'b' }]),
      400,
      'Bad Request',
      'invalid_input',
    ],
    ['another type', new InvalidInput('Wrong.', [], 415), 415, 'Unsupported Media Type', 'invalid_input'],
    ['nobody', new Unauthenticated('unauthenticated', 'Who?'), 401, 'Unauthorized', 'unauthenticated'],
    ['nothing', new NotFound('such thing'), 404, 'Not Found', 'not_found'],
    ['a conflict', new Problem('in_use', 409, 'It is.'), 409, 'Conflict', 'in_use'],
    ['silence', new Unavailable('Later.', new Error('why')), 503, 'Service Unavailable', 'unavailable'],
    ['a busy row', new Unavailable('Later.', undefined, 'busy'), 503, 'Service Unavailable', 'busy'],
  ])('%s', async (_, error, status, title, code) => {
    const { body, ...rest } = await thrown(error);
    expect(body).toEqual({
      type: 'about:blank',
      title,
      status,
      code,
      detail: error.message,
      requestId: 'r-1',
      ...(error instanceof InvalidInput && { errors: error.options.errors }),
    });
    expect(rest).toEqual({
      statusCode: status,
      headers: {
        ...headers,
        ...(status === 401 && { 'www-authenticate': 'Bearer realm="stockade"' }),
        ...(status === 503 && { 'retry-after': '2' }),
      },
    });
  });

  test('with what else it has to say', async () => {
    const lines = [{ sku: 'A' }];
    const { body } = await thrown(sqlError('SK201', lines));
    expect(body).toMatchObject({ status: 409, code: 'insufficient_stock', lines });
    const now = await thrown(new Problem('x', 429, 'No.', { retryAfterSeconds: 0 }));
    expect(now.headers['retry-after']).toBe('0');
  });

  test.each([
    ['a fault', new Error('select secret from …')],
    ['an SQLSTATE nobody knows', sqlError('XX000')],
    ['a system error', Object.assign(new Error('connect'), { code: '23505' })],
    ['no error at all', 'a string'],
    ['nothing', undefined],
  ])('%s is a plain 500, and the log has the rest', async (_, error) => {
    const result = await thrown(error);
    expect(result).toEqual({
      statusCode: 500,
      headers,
      body: {
        type: 'about:blank',
        title: 'Internal Server Error',
        status: 500,
        code: 'internal',
        detail: 'Something went wrong on our side. Quote the request id when you report it.',
        requestId: 'r-1',
      },
    });
    expect(logged.error.mock.calls).toEqual([['the request failed', { ...keys, error }]]);
    expect(logged.warn).not.toHaveBeenCalled();
  });

  test('the log is told why something cannot be had, and nothing of what callers do wrong', async () => {
    const cause = new Error('why');
    await thrown(new Unavailable('Later.', cause));
    expect(logged.warn.mock.calls).toEqual([['Later.', { ...keys, error: cause }]]);
    logged.warn.mockClear();
    await thrown(new Problem('x', 500, 'Five.', { cause }));
    expect(logged.warn.mock.calls).toEqual([['Five.', { ...keys, error: cause }]]);
    logged.warn.mockClear();
    await thrown(new Problem('x', 499, 'Four.'));
    expect([logged.warn.mock.calls, logged.error.mock.calls]).toEqual([[], []]);
  });
});

describe('every request', () => {
  test('is answered with its id, and one line of the log says how it ended and how long it took', async () => {
    const now = vi.spyOn(performance, 'now').mockReturnValueOnce(5_000).mockReturnValueOnce(5_012.6);
    expect(await answer(json(201, { a: 'é' }))).toEqual({
      statusCode: 201,
      headers: { ...headers, 'content-type': 'application/json; charset=utf-8' },
      body: { a: 'é' },
    });
    now.mockReturnValueOnce(9_000).mockReturnValueOnce(9_000.4);
    await thrown(new NotFound('x'));
    now.mockRestore();
    expect(logged.info.mock.calls).toEqual([
      ['answered', { ...keys, status: 201, durationMs: 13 }],
      ['answered', { ...keys, status: 404, durationMs: 0 }],
    ]);
  });

  test('that has nothing to say is answered with 204', async () => {
    const { 'x-request-id': id, 'cache-control': control } = headers;
    expect(await answer(noContent())).toEqual({
      statusCode: 204,
      headers: { 'x-request-id': id, 'cache-control': control },
      body: '',
    });
  });
});

test('the principal is whom IAM let through, and nobody else', () => {
  const from = (authorizer?: object) =>
    principalArnOf({ requestContext: { authorizer } } as unknown as HttpEvent);
  expect(from({ iam: { userArn: 'arn:x' } })).toBe('arn:x');
  expect([from(), from({}), from({ iam: {} }), from({ jwt: { userArn: 'x' } })]).toEqual(
    Array(4).fill(undefined),
  );
});

describe('an open page', () => {
  const pages = openPages([{ key: 'GET /x', scope: 'none' }], {
    'GET /x': {
      contentType: 'text/html',
      body: '<p>',
      headers: { 'referrer-policy': 'origin', 'x-own': '1' },
    },
  });

  test('is the same for everybody, and may be kept for five minutes', async () => {
    expect(await pages(event, {} as never)).toEqual({
      statusCode: 200,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'public, max-age=300',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'origin',
        'x-own': '1',
        'x-request-id': 'r-1',
      },
      body: '<p>',
    });
  });

  test('of another route is a fault of ours', async () => {
    const result = (await pages({ ...event, routeKey: 'GET /y' }, {} as never)) as HttpResult;
    expect([result.statusCode, JSON.parse(result.body).code]).toEqual([500, 'internal']);
  });
});
