import type { Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { InvocationTimeout, invoke, type LambdaHandler } from './invoke.ts';

const event = { version: '2.0' } as never;
const call = (handler: LambdaHandler, timeoutMs = 60_000) =>
  invoke(handler, event, { functionName: 'items', timeoutMs });

test('a handler gets its event and a context of its name and time, and what it returns is the answer', async () => {
  let seen: Context | undefined;
  const answer = await call((given, context) => {
    seen = context;
    return given;
  });
  expect(answer).toBe(event);
  expect(seen).toMatchObject({
    functionName: 'items',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:local:000000000000:function:items',
    memoryLimitInMB: '1024',
    awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    logGroupName: '/aws/lambda/items',
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
  });
  const leftMs = seen?.getRemainingTimeInMillis() ?? 0;
  expect([leftMs > 0, leftMs <= 60_000]).toEqual([true, true]);
  for (const end of ['done', 'fail', 'succeed'] as const)
    expect(() => seen?.[end]('x' as never, 'y' as never)).toThrow('return a promise');
});

test('what a handler throws is what it has thrown, at once or later', async () => {
  const mine = new Error('mine');
  const atOnce = call(() => {
    throw mine;
  });
  await expect(atOnce).rejects.toBe(mine);
  await expect(call(async () => Promise.reject(mine))).rejects.toBe(mine);
});

test('a handler that takes too long is not waited for, and learns that its time is over', async () => {
  let seen: Context | undefined;
  const late = call((_, context) => {
    seen = context;
    return new Promise(() => {});
  }, 1);
  await expect(late).rejects.toThrow(new InvocationTimeout('items did not answer within 1 ms'));
  await expect.poll(() => seen?.getRemainingTimeInMillis()).toBe(0);
});

test('a handler that must stop reads that no time is left', async () => {
  const stopping = new AbortController();
  const left = await invoke(
    (_, context) => {
      const before = context.getRemainingTimeInMillis();
      stopping.abort();
      return [before > 0, context.getRemainingTimeInMillis()];
    },
    event,
    { functionName: 'tidy', timeoutMs: 60_000, signal: stopping.signal },
  );
  expect(left).toEqual([true, 0]);
});
