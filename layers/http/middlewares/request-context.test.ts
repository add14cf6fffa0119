import middy from '@middy/core';
import { expect, test, vi } from 'vitest';
import { log } from '#platform/log.ts';
import { httpEvent } from '#tests/http-event.ts';
import { type HttpEvent, type HttpResult, json, noContent } from '../event.ts';
import { requestContext } from './request-context.ts';

const event = httpEvent({ requestId: 'r-1' });
const keys = { requestId: 'r-1', route: 'GET /x' };

function chain(answer: (event: HttpEvent) => HttpResult, nowMs: () => number = () => 0) {
  const info = vi.fn();
  const handler = middy<HttpEvent, HttpResult>()
    .use(requestContext({ log: { info }, nowMs }))
    .onError((request) => {
      request.response = json(418, {});
    })
    .handler(async (event) => answer(event));
  return { info, send: (event: HttpEvent) => handler(event, {} as never) };
}

test('an answer has the id of its request, and one log line says how it ended and how long it took', async () => {
  const nowMs = vi.fn().mockReturnValueOnce(5_000).mockReturnValueOnce(5_012.6);
  const { info, send } = chain(() => json(201, {}), nowMs);
  expect((await send(event)).headers['x-request-id']).toBe('r-1');
  expect(info.mock.calls).toEqual([['answered', { ...keys, status: 201, durationMs: 13 }]]);
});

test('an answer without a body has it too', async () => {
  const { info, send } = chain(() => noContent());
  expect((await send(event)).headers['x-request-id']).toBe('r-1');
  expect(info.mock.calls).toEqual([['answered', { ...keys, status: 204, durationMs: 0 }]]);
});

test('an error is answered and logged in the same way, after those who turn it into an answer', async () => {
  const nowMs = vi.fn().mockReturnValueOnce(9_000).mockReturnValueOnce(9_000.4);
  const { info, send } = chain(() => {
    throw new Error('x');
  }, nowMs);
  expect((await send(event)).headers['x-request-id']).toBe('r-1');
  expect(info.mock.calls).toEqual([['answered', { ...keys, status: 418, durationMs: 0 }]]);
});

test('an error that nobody turns into an answer stays the error', async () => {
  const info = vi.fn();
  const handler = middy<HttpEvent, HttpResult>()
    .use(requestContext({ log: { info } }))
    .handler(async () => {
      throw new Error('mine');
    });
  await expect(handler(event, {} as never)).rejects.toThrow('mine');
  expect(info).not.toHaveBeenCalled();
});

test('requests at the same time have a duration each', async () => {
  let now = 0;
  const { info, send } = chain(
    () => json(200, {}),
    () => (now += 10),
  );
  await Promise.all([send(httpEvent({ requestId: 'a' })), send(httpEvent({ requestId: 'b' }))]);
  expect(info.mock.calls.map(([, { requestId, durationMs }]) => [requestId, durationMs])).toEqual([
    ['a', 20],
    ['b', 20],
  ]);
});

test('without options it writes to the log of the process', async () => {
  const info = vi.spyOn(log, 'info').mockReturnValue();
  const handler = middy<HttpEvent, HttpResult>()
    .use(requestContext())
    .handler(async () => json(200, {}));
  await handler(event, {} as never);
  expect(info.mock.calls).toEqual([['answered', { ...keys, status: 200, durationMs: expect.any(Number) }]]);
  info.mockRestore();
});
