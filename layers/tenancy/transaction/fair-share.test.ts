import { expect, test } from 'vitest';
import { FairShare } from './fair-share.ts';

/** Work that goes on until the test ends it, and a note of what has begun. */
function openWork(share: FairShare) {
  const begun: string[] = [];
  const start = (credential: string, name: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const done = share.take(credential, async () => {
      begun.push(name);
      await promise;
      return name;
    });
    done.catch(() => {});
    return { done, end: resolve, fail: reject };
  };
  return { begun, start };
}

test('what is beyond the share of a credential waits its turn, and nobody else does', async () => {
  const { begun, start } = openWork(new FairShare({ most: 2, maxWaitMs: 60_000 }));
  const [first, second] = [start('a', 'a1'), start('a', 'a2')];
  const [third, fourth] = [start('a', 'a3'), start('a', 'a4')];
  const other = start('b', 'b1');
  await Promise.resolve();
  expect(begun).toEqual(['a1', 'a2', 'b1']);

  first.end();
  expect(await first.done).toBe('a1');
  await expect.poll(() => begun).toEqual(['a1', 'a2', 'b1', 'a3']);
  second.fail(new Error('refused'));
  await expect(second.done).rejects.toThrow('refused');
  await expect.poll(() => begun).toEqual(['a1', 'a2', 'b1', 'a3', 'a4']);
  for (const work of [third, fourth, other]) work.end();
  await Promise.all([third.done, fourth.done, other.done]);
});

test('a credential whose work has all ended has its whole share again', async () => {
  const { begun, start } = openWork(new FairShare({ most: 1, maxWaitMs: 60_000 }));
  for (const name of ['a1', 'a2', 'a3']) {
    const work = start('a', name);
    work.end();
    await work.done;
  }
  expect(begun).toEqual(['a1', 'a2', 'a3']);
});

test('one whose turn does not come is refused, does nothing, and leaves its place in the line', async () => {
  const { begun, start } = openWork(new FairShare({ most: 1, maxWaitMs: 10 }));
  const first = start('a', 'a1');
  await expect(start('a', 'a2').done).rejects.toMatchObject({
    code: 'too_many_requests',
    status: 429,
    options: { retryAfterSeconds: 1 },
  });
  first.end();
  await first.done;
  const third = start('a', 'a3');
  third.end();
  await third.done;
  expect(begun).toEqual(['a1', 'a3']);
});
