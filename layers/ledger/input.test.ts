import { describe, expect, test } from 'vitest';
import type * as z from 'zod';
import {
  Code,
  EntryId,
  Lot,
  Metadata,
  MovementId,
  Name,
  PositiveQuantity,
  Quantity,
  Reference,
} from './input.ts';

/** The messages about a value. The list is empty when the value is accepted. */
function said(schema: z.ZodType, value: unknown): string[] {
  const { success, data, error } = schema.safeParse(value);
  if (success) expect(data).toBe(value);
  return error?.issues.map(({ message }) => message) ?? [];
}

describe('a quantity', () => {
  const digits = 'must have at most eleven digits before the point';
  const decimals = 'must have at most four decimals';

  test.each([99_999_999_999.9999, -99_999_999_999.9999, 12_345_678_901.2345, 0.0001, -0.0001, 1, -1, 0.3])(
    '%d is accepted',
    (value) => expect(said(Quantity, value)).toEqual([]),
  );

  test.each([
    [100_000_000_000, digits],
    [-100_000_000_000, digits],
    [99_999_999_999.99995, digits],
    [1e300, digits],
    [Number.NaN, 'must be a number'],
    [Number.POSITIVE_INFINITY, 'must be a number'],
    [0.00001, decimals],
    [0.00005, decimals],
    [-1.00009, decimals],
    [0.1 + 0.2, decimals],
    [0, 'must not be zero'],
    [-0, 'must not be zero'],
    ['1', 'must be a number'],
    [null, 'must be a number'],
  ])('%j is refused: %s', (value, message) => expect(said(Quantity, value)).toEqual([message]));

  test.each([
    [0.0001, []],
    [-0.0001, ['must be greater than zero']],
    [0, ['must not be zero']],
    [0.00001, [decimals]],
  ])('above zero: %d gives %j', (value, messages) => expect(said(PositiveQuantity, value)).toEqual(messages));
});

describe('a SKU or the code of a location', () => {
  const end = 'must not contain / ? % or \\, and must not consist of dots only';
  const control = 'must not contain control characters';
  const blank = 'must not begin or end with a blank';

  test.each(['A', 'x'.repeat(64), 'a b', 'Größe 7', '.a', 'a..', '日本', 'a#b&c=d+e', '"'])(
    '%s is accepted',
    (value) => expect(said(Code, value)).toEqual([]),
  );

  test.each([
    ['', ['must not be empty']],
    ['x'.repeat(65), ['must have at most 64 characters']],
    [' a', [blank]],
    ['a ', [blank]],
    ['a\tb', [control]],
    ['a\u0000b', [control]],
    ['a\u001fb', [control]],
    ['a\u007fb', [control]],
    ['a\u009fb', [control]],
    ['a/b', [end]],
    ['a?b', [end]],
    ['a%b', [end]],
    ['a\\b', [end]],
    ['.', [end]],
    ['...', [end]],
    [7, ['must be a string']],
  ])('%j is refused: %j', (value, messages) => expect(said(Code, value)).toEqual(messages));

  test('has at most 64 characters, not bytes', () => expect(said(Code, 'ä'.repeat(64))).toEqual([]));
});

describe('a lot', () => {
  test.each([undefined, '', 'L1', 'x'.repeat(64)])('%j is accepted', (value) =>
    expect(said(Lot, value)).toEqual([]),
  );
  test.each([
    [null, 'must be a string'],
    [7, 'must be a string'],
    [' ', 'must not begin or end with a blank'],
    ['L ', 'must not begin or end with a blank'],
    ['x'.repeat(65), 'must have at most 64 characters'],
    ['a/b', 'must not contain / ? % or \\, and must not consist of dots only'],
    ['a\tb', 'must not contain control characters'],
  ])('%j is refused: %s', (value, message) => expect(said(Lot, value)).toEqual([message]));
});

describe.each([
  ['a name', Name],
  ['a reference', Reference],
])('%s', (_, schema) => {
  test.each([
    ['x', []],
    ['x'.repeat(200), []],
    ['', ['must not be empty']],
    ['x'.repeat(201), ['must have at most 200 characters']],
    [null, ['must be a string']],
  ])('%j gives %j', (value, messages) => expect(said(schema, value)).toEqual(messages));
});

describe('metadata', () => {
  const bytes = 'must have at most 8192 bytes as JSON';
  /** An object with this many bytes as JSON. */
  const sized = (length: number, letter: string) => ({
    k: letter.repeat((length - 8) / Buffer.byteLength(letter)),
  });

  test.each<[string, unknown, string[]]>([
    ['nothing', {}, []],
    ['every kind of JSON value', { a: [1, null, true, { b: 'c' }], d: -0.5 }, []],
    ['8,192 bytes', sized(8_192, 'x'), []],
    ['8,193 bytes', sized(8_193, 'x'), [bytes]],
    ['8,192 bytes of umlauts', sized(8_192, 'ä'), []],
    ['8,194 bytes of umlauts', sized(8_194, 'ä'), [bytes]],
    ['a list', [], ['must be an object']],
    ['a text', 'x', ['must be an object']],
    ['null', null, ['must be an object']],
  ])('%s', (_, value, messages) => {
    const { data, error } = Metadata.safeParse(value);
    expect(error?.issues.map(({ message }) => message) ?? []).toEqual(messages);
    if (messages.length === 0) expect(data).toEqual(value);
  });
});

describe('an id', () => {
  const entry = '01990000-0000-7000-8000-00000000abcd';

  test.each([entry, entry.toUpperCase()])('of an entry, %s, is accepted', (value) =>
    expect(said(EntryId, value)).toEqual([]),
  );
  test.each([
    '',
    'x',
    entry.slice(1),
    `${entry}0`,
    entry.replace('a', 'g'),
    entry.replaceAll('-', ''),
    ` ${entry}`,
  ])('of an entry, %j, is refused', (value) =>
    expect(said(EntryId, value)).toEqual(['must be the id of an entry']),
  );

  test.each([`${entry}.1`, `${entry}.10`, `${entry}.999999999`, `${entry.toUpperCase()}.1`])(
    'of a movement, %s, is accepted',
    (value) => expect(said(MovementId, value)).toEqual([]),
  );
  test.each([
    entry,
    `${entry}.`,
    `${entry}.0`,
    `${entry}.01`,
    `${entry}.1000000000`,
    `${entry}-1`,
    `${entry}.1x`,
    `x${entry}.1`,
  ])('of a movement, %j, is refused', (value) =>
    expect(said(MovementId, value)).toEqual(['must be the id of a movement: <entry>.<line>']),
  );
});
