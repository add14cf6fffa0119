import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CreateKey, KeyId, RotateKey } from './key-store.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2030, 0, 1) }));
afterEach(() => void vi.useRealTimers());

/** The messages by field; undefined when it is taken. */
function refusalOf(
  schema: {
    safeParse(value: unknown): {
      error?: { issues: readonly { path: readonly PropertyKey[]; message: string }[] };
    };
  },
  value: unknown,
) {
  return schema.safeParse(value).error?.issues.map(({ path, message }) => [path.join('.'), message]);
}

describe('when a new key expires', () => {
  const expiring = (expiresAt: unknown) => refusalOf(CreateKey, { name: 'X', scopes: ['read'], expiresAt });

  test.each([
    '2030-01-01T00:00:00.001Z',
    '2030-01-01T00:00:01Z',
    '2030-01-01T02:00:00.001+02:00',
    '2029-12-31T23:00:01-01:00',
    '9999-12-31T23:59:59.999Z',
  ])('%s lies in the future of 2030-01-01T00:00:00.000Z', (expiresAt) => {
    expect(expiring(expiresAt)).toBeUndefined();
  });

  test.each([
    '2030-01-01T00:00:00Z',
    '2029-12-31T23:59:59.999Z',
    '2030-01-01T01:59:59+02:00',
    '1900-01-01T00:00:00Z',
  ])('%s does not', (expiresAt) => {
    expect(expiring(expiresAt)).toEqual([['expiresAt', 'must be in the future']]);
  });

  test.each([
    '2031-01-01',
    '2031-01-01T00:00:00',
    '2031-02-29T00:00:00Z',
    'tomorrow',
    '',
    1_900_000_000,
    null,
  ])('%j is no time', (expiresAt) => {
    expect(expiring(expiresAt)).toEqual([
      ['expiresAt', 'must be an ISO 8601 time with an offset, such as 2026-03-01T09:30:00Z'],
    ]);
  });
});

describe('the overlap of a rotation', () => {
  test('is a day when it is not said, or nothing is', () => {
    expect(RotateKey.parse({})).toEqual({ overlapSeconds: 86_400 });
    expect(RotateKey.parse(undefined)).toEqual({ overlapSeconds: 86_400 });
  });

  test.each([0, 1, 2_592_000])('may be %d seconds', (overlapSeconds) => {
    expect(RotateKey.parse({ overlapSeconds })).toEqual({ overlapSeconds });
  });

  test.each([
    [2_592_001, 'must be at most 2592000, which is 30 days'],
    [-1, 'must not be negative'],
    [0.5, 'must be a whole number'],
    ['60', 'must be a whole number'],
    [null, 'must be a whole number'],
  ])('may not be %j', (overlapSeconds, message) => {
    expect(refusalOf(RotateKey, { overlapSeconds })).toEqual([['overlapSeconds', message]]);
  });
});

describe('the id of a key', () => {
  test('is twelve letters and digits', () => {
    expect(KeyId.parse('aZ0123456789')).toBe('aZ0123456789');
    for (const id of ['aZ012345678', 'aZ01234567890', 'aZ01234567_9', 'aZ012345678\n', 'äZ0123456789', '']) {
      expect([id, refusalOf(KeyId, id)]).toEqual([
        id,
        [['', 'must be the id of a key: twelve letters and digits']],
      ]);
    }
  });
});
