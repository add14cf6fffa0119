import middy from '@middy/core';
import { expect, test } from 'vitest';
import { httpEvent } from '#tests/http-event.ts';
import { type HttpEvent, type HttpResult, json } from '../event.ts';
import { securityResponse } from './security-headers.ts';

const expected = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

function send(answer: () => HttpResult): Promise<HttpResult> {
  const handler = middy<HttpEvent, HttpResult>()
    .use(securityResponse())
    .onError((request) => {
      request.response = json(418, {});
    })
    .handler(async () => answer());
  return handler(httpEvent(), {} as never);
}

test('an answer has the security headers, an error too', async () => {
  expect((await send(() => json(200, {}))).headers).toMatchObject(expected);
  const failed = await send(() => {
    throw new Error('x');
  });
  expect([failed.statusCode, failed.headers]).toMatchObject([418, expected]);
});

test('a header that the answer has stays', async () => {
  const own = { 'cache-control': 'public, max-age=300', 'content-security-policy': "default-src 'self'" };
  const { headers } = await send(() => ({ statusCode: 200, headers: own, body: '' }));
  expect(headers).toEqual({ ...expected, ...own });
});

test('an error that nobody turns into an answer stays the error', async () => {
  const handler = middy<HttpEvent, HttpResult>()
    .use(securityResponse())
    .handler(async () => {
      throw new Error('mine');
    });
  await expect(handler(httpEvent(), {} as never)).rejects.toThrow('mine');
});
