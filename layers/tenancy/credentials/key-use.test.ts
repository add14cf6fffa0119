import { expect, test } from 'vitest';
import { KeyUse } from './key-use.ts';

test('a key is due when it is first seen and a minute after it was noted, independent of other keys', () => {
  let nowMs = 0;
  const use = new KeyUse(() => nowMs);
  expect([use.isDue('a'), use.isDue('a'), use.isDue('b')]).toEqual([true, false, true]);
  nowMs = 59_999;
  expect(use.isDue('a')).toBe(false);
  nowMs = 60_000;
  expect([use.isDue('a'), use.isDue('a')]).toEqual([true, false]);
});

test('of more keys than it remembers it forgets the one noted longest ago', () => {
  let nowMs = 0;
  const use = new KeyUse(() => nowMs);
  for (let n = 0; n < 10_000; n += 1) use.isDue(`key-${n}`);
  nowMs = 60_000;
  use.isDue('key-0');
  use.isDue('one more');
  expect([use.isDue('key-0'), use.isDue('key-2')]).toEqual([false, true]);
  expect(use.isDue('one more')).toBe(false);
});
