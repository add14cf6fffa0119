import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { FairShare } from './fair-share.ts';

/** Work that goes on until the test ends it, and a note of what has begun. */
function openWork(share: FairShare) {
  const begun: string[] = [];
  const start = (credential: string, name: string, rows = 1) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const done = share.take(credential, rows, async () => {
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
  const { begun, start } = openWork(new FairShare({ places: 2, maxWaitMs: 60_000 }));
  const [first, second] = [start('a', 'a1'), start('a', 'a2')];
  const [third, fourth] = [start('a', 'a3'), start('a', 'a4')];
  const other = start('b', 'b1');
  await setImmediate();
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
  const { begun, start } = openWork(new FairShare({ places: 1, maxWaitMs: 60_000 }));
  for (const name of ['a1', 'a2', 'a3']) {
    const work = start('a', name);
    work.end();
    await work.done;
  }
  expect(begun).toEqual(['a1', 'a2', 'a3']);
});

test('one whose turn does not come is refused, does nothing, and leaves its place in the line', async () => {
  const { begun, start } = openWork(new FairShare({ places: 1, maxWaitMs: 10 }));
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

describe('work of many rows', () => {
  test.each([
    [0, 8],
    [1, 8],
    [50, 8],
    [51, 4],
    [200, 2],
    [201, 1],
    [400, 1],
    [1_000_000, 1],
  ])('of %i rows, %i are under way at once', async (rows, expected) => {
    const { begun, start } = openWork(new FairShare());
    const all = Array.from({ length: 10 }, (_, n) => start('a', `a${n}`, rows));
    await setImmediate();
    expect(begun).toHaveLength(expected);
    for (const work of all) work.end();
    await Promise.all(all.map(({ done }) => done));
    expect(begun).toHaveLength(10);
  });

  test('is not overtaken by work of few rows, and has its turn', async () => {
    const { begun, start } = openWork(new FairShare());
    const first = start('a', 'small');
    const [large, last] = [start('a', 'large', 1_000), start('a', 'last')];
    await setImmediate();
    expect(begun).toEqual(['small']);
    first.end();
    await expect.poll(() => begun).toEqual(['small', 'large']);
    large.end();
    await expect.poll(() => begun).toEqual(['small', 'large', 'last']);
    last.end();
    await Promise.all([first.done, large.done, last.done]);
  });

  test('whose turn does not come lets those behind it begin', async () => {
    const { begun, start } = openWork(new FairShare({ places: 8, maxWaitMs: 20 }));
    const first = start('a', 'small');
    const [large, last] = [start('a', 'large', 1_000), start('a', 'last')];
    await expect(large.done).rejects.toMatchObject({ code: 'too_many_requests' });
    await expect.poll(() => begun).toEqual(['small', 'last']);
    for (const work of [first, last]) work.end();
    await Promise.all([first.done, last.done]);
  });
});
