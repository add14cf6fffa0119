import { describe, expect, test } from 'vitest';
import type * as z from 'zod';
import {
  Code,
  EntryId,
  Lot,
  Metadata,
  MovementId,
  maxLines,
  Name,
  PositiveQuantity,
  Quantity,
  Reference,
  uuidPattern,
} from './input.ts';

/** The value as it is read, or the messages of its refusal. */
function read(schema: z.ZodType, value: unknown) {
  const { data, error } = schema.safeParse(value);
  return error ? error.issues.map(({ message }) => message) : { data };
}
const id = '01a227af-c350-750c-992c-da4591f5502c';
const digits = 'must have at most eleven digits before the point';
const decimals = 'must have at most four decimals';

describe('a quantity', () => {
  test.each([0.0001, -0.0001, 1, 0.1, 12.3456, 99_999_999_999.9999, -99_999_999_999.9999])(
    'may be %d',
    (value) => {
      expect(read(Quantity, value)).toEqual({ data: value });
    },
  );

  test.each<[unknown, string]>([
    [0, 'must not be zero'],
    [-0, 'must not be zero'],
    [0.00001, decimals],
    [1.23456, decimals],
    [99_999_999_999.9998 + 0.0002, digits],
    [100_000_000_000, digits],
    [-100_000_000_000, digits],
    [1e300, digits],
    ['1', 'must be a number'],
    [Number.NaN, 'must be a number'],
    [Number.POSITIVE_INFINITY, 'must be a number'],
    [null, 'must be a number'],
  ])('may not be %s: %s', (value, message) => {
    expect(read(Quantity, value)).toEqual([message]);
  });

  test('of a transfer is above zero', () => {
    expect(read(PositiveQuantity, 0.0001)).toEqual({ data: 0.0001 });
    expect(read(PositiveQuantity, -1)).toEqual(['must be greater than zero']);
    expect(read(PositiveQuantity, 0)).toContain('must not be zero');
  });
});

describe('a lot', () => {
  test('is a name like a code, or none', () => {
    for (const lot of ['', 'L1', 'x'.repeat(64)]) expect(read(Lot, lot)).toEqual({ data: lot });
    expect(read(Lot, undefined)).toEqual({ data: undefined });
    for (const lot of [' ', 'a/b', 'x'.repeat(65), '..', null, 1])
      expect(read(Lot, lot)).toEqual([expect.any(String)]);
  });
});

describe('a code', () => {
  const separators = 'must not contain / ? % or \\, nor be all dots';
  test.each<[unknown, string[] | undefined]>([
    ['x', undefined],
    ['x'.repeat(64), undefined],
    ['a..', undefined],
    ['a b', undefined],
    ['\u00a1', undefined],
    ['', ['must not be empty']],
    ['x'.repeat(65), ['must have at most 64 characters']],
    [' x', ['must not begin or end with a blank']],
    ['x ', ['must not begin or end with a blank']],
    ['a\u0000b', ['must not contain control characters']],
    ['a\u001fb', ['must not contain control characters']],
    ['a\u007fb', ['must not contain control characters']],
    ['a\u0080b', ['must not contain control characters']],
    ['a\u009fb', ['must not contain control characters']],
    ['/', [separators]],
    ['?', [separators]],
    ['%', [separators]],
    ['\\', [separators]],
    ['.', [separators]],
    ['..', [separators]],
    [1, ['must be a string']],
    [' /', ['must not begin or end with a blank', separators]],
  ])('%j: %j', (value, messages) => {
    expect(read(Code, value)).toEqual(messages ?? { data: value });
  });
});

test.each<[string, z.ZodType]>([
  ['name', Name],
  ['reference', Reference],
])('a %s has 1 to 200 characters, of whatever kind', (_, schema) => {
  for (const value of ['x', 'x'.repeat(200), ' ', 'a/b\n'])
    expect(read(schema, value)).toEqual({ data: value });
  expect(read(schema, '')).toEqual(['must not be empty']);
  expect(read(schema, 'x'.repeat(201))).toEqual(['must have at most 200 characters']);
  for (const value of [1, null, undefined]) expect(read(schema, value)).toEqual(['must be a string']);
});

describe('metadata', () => {
  const ofBytes = (bytes: number) => ({ a: `é${'x'.repeat(bytes - 10)}` });

  test('is an object of any JSON, of 8,192 bytes at most', () => {
    for (const value of [{}, { a: [1, null, { b: 'x' }], '': true }, ofBytes(8_192)])
      expect(read(Metadata, value)).toEqual({ data: value });
    expect(Buffer.byteLength(JSON.stringify(ofBytes(8_192)))).toBe(8_192);
    expect(read(Metadata, ofBytes(8_193))).toEqual(['must have at most 8192 bytes as JSON']);
  });

  test.each([[[]], ['{}'], [1], [null], [true]])('is not %j', (value) => {
    expect(read(Metadata, value)).toEqual(['must be an object']);
  });
});

test('ids of entries and movements are told from anything else', () => {
  for (const value of [id, id.toUpperCase()]) {
    expect(read(EntryId, value)).toEqual({ data: value });
    expect(uuidPattern.test(value)).toBe(true);
  }
  for (const value of ['', id.slice(1), `${id}0`, ` ${id}`, id.replace('a', 'g'), id.replaceAll('-', '')]) {
    expect(read(EntryId, value)).toEqual(['must be the id of an entry']);
    expect(uuidPattern.test(value)).toBe(false);
  }
  for (const line of ['1', '10', '999999999']) {
    const value = `${id}.${line}`;
    expect([read(MovementId, value), read(MovementId, value.toUpperCase())]).toEqual([
      { data: value },
      { data: value.toUpperCase() },
    ]);
  }
  for (const value of [
    id,
    `${id}.`,
    `${id}.0`,
    `${id}.01`,
    `${id}.1000000000`,
    `${id}.1x`,
    `x${id}.1`,
    `${id}-1`,
  ])
    expect(read(MovementId, value)).toEqual(['must be the id of a movement: <entry>.<line>']);
});

test('an entry has a thousand lines at most', () => {
  expect(maxLines).toBe(1_000);
});
