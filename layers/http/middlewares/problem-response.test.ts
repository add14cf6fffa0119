import middy from '@middy/core';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { InvalidInput, NotFound, Problem, Unauthenticated, Unavailable } from '#platform/errors.ts';
import { log } from '#platform/log.ts';
import { httpEvent } from '#tests/http-event.ts';
import { type HttpEvent, type HttpResult, json } from '../event.ts';
import { problemResponse } from './problem-response.ts';

const event = httpEvent({ requestId: 'r-1' });
const headers = { 'content-type': 'application/problem+json; charset=utf-8' };
const keys = { requestId: 'r-1', route: 'GET /x' };

const logged = { warn: vi.fn(), error: vi.fn() };
beforeEach(() => {
  logged.warn.mockClear();
  logged.error.mockClear();
});

/** What becomes of an error. */
async function thrown(error: unknown) {
  const handler = middy<HttpEvent, HttpResult>()
    .use(problemResponse({ log: logged }))
    .handler(async () => {
      throw error;
    });
  const result = await handler(event, {} as never);
  return { ...result, body: JSON.parse(result.body) };
}
const sqlError = (code: string, detail?: unknown) =>
  Object.assign(new Error('SQL'), { severity: 'ERROR', code, detail: detail && JSON.stringify(detail) });

describe('an error becomes a problem', () => {
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

  test('with its own members and Retry-After', async () => {
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

  test('the log has the reason of every 5xx, without a stack, and no refusal of a wrong request', async () => {
    const cause = new Error('why');
    await thrown(new Unavailable('Later.', cause));
    const reason = { name: 'Error', message: 'why' };
    expect(logged.warn.mock.calls).toEqual([['Later.', { ...keys, reason }]]);
    logged.warn.mockClear();
    await thrown(new Problem('x', 500, 'Five.', { cause }));
    expect(logged.warn.mock.calls).toEqual([['Five.', { ...keys, reason }]]);
    logged.warn.mockClear();
    await thrown(new Problem('x', 499, 'Four.'));
    expect([logged.warn.mock.calls, logged.error.mock.calls]).toEqual([[], []]);
  });
});

test('an answer is left as it is', async () => {
  const answer = json(201, { a: 1 });
  const handler = middy<HttpEvent, HttpResult>()
    .use(problemResponse({ log: logged }))
    .handler(async () => answer);
  expect(await handler(event, {} as never)).toBe(answer);
  expect(logged.error).not.toHaveBeenCalled();
});

test('without options it writes to the log of the process', async () => {
  const error = vi.spyOn(log, 'error').mockReturnValue();
  const handler = middy<HttpEvent, HttpResult>()
    .use(problemResponse())
    .handler(async () => {
      throw new Error('why');
    });
  expect((await handler(event, {} as never)).statusCode).toBe(500);
  expect(error).toHaveBeenCalledTimes(1);
  error.mockRestore();
});
