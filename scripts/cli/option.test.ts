import { describe, expect, test } from 'vitest';
import * as option from './option.ts';

const read = (one: option.Option<unknown>, typed: string) => one.parse?.(typed);

describe('an instant', () => {
  const at = option.instant({ description: 'when' });

  test('is read with its zone, on a leap day too', () => {
    expect(read(at, '2026-03-01T09:30:00+05:30')).toEqual(new Date('2026-03-01T04:00:00Z'));
    expect(read(at, '2028-02-29T23:30:00-02:00')).toEqual(new Date('2028-03-01T01:30:00Z'));
    expect(read(at, '0050-12-31T00:00Z')).toEqual(new Date('0050-12-31T00:00:00Z'));
  });

  test('on a day that its month has not is refused, and not taken for one of the next month', () => {
    for (const typed of ['2026-02-29T00:00:00Z', '2026-02-30T12:00:00+02:00', '2026-04-31T00:00:00Z'])
      expect(() => read(at, typed), typed).toThrow('a time that there is');
  });
});

test('a length of time has its unit, and is within what makes sense', () => {
  const wait = option.duration({ description: 'how long', minMs: 1, maxMs: 3_600_000 });
  for (const [typed, ms] of Object.entries({ '1ms': 1, '1.5s': 1_500, '10m': 600_000, '1h': 3_600_000 }))
    expect(read(wait, typed)).toBe(ms);
  for (const typed of ['', '5', 's', '-1s', '1 s', '1e3ms', '∞s'])
    expect(() => read(wait, typed), typed).toThrow('a number with its unit');
  for (const typed of ['0ms', '0d', '0.5ms']) expect(() => read(wait, typed), typed).toThrow('at least 1ms');
  for (const typed of ['1.1h', '30d', `${'9'.repeat(400)}d`])
    expect(() => read(wait, typed), typed).toThrow('at most 1h');
});

test('the URL of a database is one that pg can read', () => {
  const url = option.postgresUrl({ description: 'which' });
  for (const typed of ['postgres://me:a%23b@host:5432/x', 'postgres://', 'postgresql:///x?host=/run'])
    expect(read(url, typed)).toBe(typed);
  for (const typed of ['', 'mysql://host/x', 'postgres://host:99999/x', 'postgres://me:a#b@host/x'])
    expect(() => read(url, typed), typed).toThrow('starts with postgres://');
});

test('a path that is empty is not the folder one happens to be in', () => {
  expect(() => read(option.path({ description: 'where' }), '')).toThrow('must not be empty');
});
