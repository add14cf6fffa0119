import { expect, test } from 'vitest';
import { createApiKey } from './api-keys.ts';
import { RefusedKeys } from './refused-keys.ts';

function setUp() {
  let nowMs = 0;
  const keys = new RefusedKeys({
    perSource: { atOnce: 3, perSecond: 1 },
    overall: { atOnce: 5, perSecond: 10 },
    nowMs: () => nowMs,
  });
  return {
    keys,
    passes: (seconds: number) => {
      nowMs += seconds * 1000;
    },
    outcome(key: ReturnType<typeof createApiKey>, source: string): string {
      try {
        keys.assertMayAsk(key, source);
        return 'asked';
      } catch (error) {
        return (error as { code: string }).code;
      }
    },
    flood(count: number, source: string) {
      for (let n = 0; n < count; n += 1) keys.noteRefused(createApiKey('test'), source);
    },
  };
}

test('a key that the database has refused is answered without it, for half a minute and from everywhere', () => {
  const { keys, outcome, passes } = setUp();
  const key = createApiKey('test');
  expect(outcome(key, 'a')).toBe('asked');
  keys.noteRefused(key, 'a');
  expect([outcome(key, 'a'), outcome(key, 'b')]).toEqual(['invalid_credentials', 'invalid_credentials']);
  passes(31);
  expect(outcome(key, 'a')).toBe('asked');
});

test('the same key id with another secret is another key', () => {
  const { keys, outcome } = setUp();
  const key = createApiKey('test');
  keys.noteRefused({ ...key, secretDigest: Buffer.alloc(32) }, 'a');
  expect(outcome(key, 'a')).toBe('asked');
});

test('a source with too many refusals waits, and others do not', () => {
  const { flood, outcome, passes } = setUp();
  flood(3, 'a');
  expect(outcome(createApiKey('test'), 'a')).toBe('too_many_requests');
  expect(outcome(createApiKey('test'), 'b')).toBe('asked');
  passes(1);
  expect(outcome(createApiKey('test'), 'a')).toBe('asked');
});

test('a source waits after its last refusal as long as after any other, however many there were', () => {
  const { flood, outcome, passes } = setUp();
  flood(100, 'a');
  passes(1);
  expect(outcome(createApiKey('test'), 'a')).toBe('asked');
});

test('of unknown keys that come at once, no more are asked about than may be refused', () => {
  const { keys, outcome } = setUp();
  const atOnce = Array.from({ length: 5 }, () => createApiKey('test'));
  const asked = (source: string) => atOnce.map((key) => outcome(key, source));
  expect(asked('a')).toEqual(['asked', 'asked', 'asked', 'too_many_requests', 'too_many_requests']);
  // The first three are asked about already: that counts once.
  expect(asked('a').slice(0, 3)).toEqual(['asked', 'asked', 'asked']);
  const [first, second, third, fourth, fifth] = atOnce;
  if (!first || !second || !third || !fourth || !fifth) throw new Error('five keys');
  keys.noteRefused(first, 'a');
  expect(outcome(fourth, 'a')).toBe('too_many_requests');
  keys.noteNeither(second);
  expect(outcome(fourth, 'a')).toBe('asked');
  keys.noteAccepted(third);
  expect(outcome(fifth, 'a')).toBe('asked');
});

test('a refusal that may be of something beside the key counts, and the key is asked about again', () => {
  const { keys, outcome } = setUp();
  const key = createApiKey('test');
  for (let n = 0; n < 3; n += 1) {
    expect(outcome(key, 'a')).toBe('asked');
    keys.noteRefusedBeside(key, 'a');
  }
  expect(outcome(key, 'a')).toBe('too_many_requests');
});

test('too many refusals of many sources let every unknown key wait', () => {
  const { flood, outcome, passes } = setUp();
  for (const source of ['a', 'b', 'c', 'd', 'e']) flood(1, source);
  expect(outcome(createApiKey('test'), 'f')).toBe('too_many_requests');
  passes(0.1);
  expect(outcome(createApiKey('test'), 'f')).toBe('asked');
});

test('everything is forgotten at once', () => {
  const { keys, flood, outcome } = setUp();
  const bad = createApiKey('test');
  keys.noteRefused(bad, 'a');
  flood(100, 'a');
  keys.forget();
  expect([outcome(bad, 'a'), outcome(createApiKey('test'), 'a')]).toEqual(['asked', 'asked']);
});

test('a key that was accepted lately is asked about during every flood, until it is refused twice itself', () => {
  const { keys, flood, outcome } = setUp();
  const good = createApiKey('test');
  keys.noteAccepted(good);
  flood(100, 'a');
  expect(outcome(good, 'a')).toBe('asked');
  keys.noteRefused(good, 'a');
  expect([outcome(good, 'a'), outcome(good, 'b')]).toEqual(['too_many_requests', 'too_many_requests']);
  keys.noteRefused(good, 'a');
  expect(outcome(good, 'b')).toBe('invalid_credentials');
});
