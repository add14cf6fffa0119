import { describe, expect, test } from 'vitest';
import type * as z from 'zod';
import { invisibleCharacter } from './codes/invisible-characters.ts';
import {
  Aliases,
  Code,
  EntryId,
  ExistingCode,
  Lot,
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
  const blank = 'must not begin or end with a blank';
  const id = 'must not have the form of an id, which names an item or a location by itself';

  test.each([
    ...['A', 'x'.repeat(64), 'a b', 'a  b', 'Größe 7', '.a', 'a..', '日本', 'a#b&c=d+e', '"'],
    ...[
      'M8/40',
      '1/2" ELBOW',
      'JUICE 50%',
      'a?b',
      'a\\b',
      '.',
      '..',
      'ＡＢ',
      'a\u2011b',
      '\u{1f600}'.repeat(64),
    ],
  ])('%s is accepted', (value) => expect(said(Code, value)).toEqual([]));

  test.each([
    ['', ['must not be empty']],
    ['x'.repeat(65), ['must have at most 64 characters']],
    [' a', [blank]],
    ['a ', [blank]],
    [
      'a\tb',
      [
        'must not contain U+0009 CHARACTER TABULATION after "a": write a blank, U+0020, or nothing in its place',
      ],
    ],
    ['\u0000b', ['must not contain U+0000 NULL at its beginning: remove it']],
    ['a\u007fb', ['must not contain U+007F DELETE after "a": remove it']],
    ['a\u009fb', ['must not contain U+009F CONTROL CHARACTER after "a": remove it']],
    ['CAFÉ\u200b-01', ['must not contain U+200B ZERO WIDTH SPACE after "CAFÉ": remove it']],
    ['CAFÉ\u00ad-01', ['must not contain U+00AD SOFT HYPHEN after "CAFÉ": remove it']],
    ['\u202aCAFÉ\u202c', ['must not contain U+202A LEFT-TO-RIGHT EMBEDDING at its beginning: remove it']],
    ['\ufeffA', ['must not contain U+FEFF ZERO WIDTH NO-BREAK SPACE at its beginning: remove it']],
    [
      'A\u00a0B',
      ['must not contain U+00A0 NO-BREAK SPACE after "A": write a blank, U+0020, or nothing in its place'],
    ],
    ['☃\ufe0f', ['must not contain U+FE0F VARIATION SELECTOR after "☃": remove it']],
    ['A\u{e0041}', ['must not contain U+E0041 TAG CHARACTER after "A": remove it']],
    ['A\ue000', ['must not contain U+E000 (private use) after "A": remove it']],
    ['A\u0378', ['must not contain U+0378 (not in Unicode 15.0) after "A": remove it']],
    ['A\ud800', ['must not contain U+D800 (half a surrogate pair) after "A": remove it']],
    ['A\u{110bd}', ['must not contain U+110BD FORMAT CHARACTER after "A": remove it']],
    ['0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42', [id]],
    ['0197B1F2-6C1E-7A30-9D2F-3A5E0C7B1D42', [id]],
    [7, ['must be a string']],
  ])('%j is refused: %j', (value, messages) => expect(said(Code, value)).toEqual(messages));

  test('has at most 64 characters, not bytes', () => expect(said(Code, 'ä'.repeat(64))).toEqual([]));

  test('is stored in the normal form NFC, whatever form it came in', () => {
    expect(Code.parse('CAFE\u0301-01')).toBe('CAFÉ-01');
    expect(Code.parse('e\u0301'.repeat(64))).toBe('é'.repeat(64));
    expect(Lot.parse('\u212b')).toBe('Å');
  });

  test('that names what exists may have any form, because an alias may have', () => {
    expect(said(ExistingCode, '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42')).toEqual([]);
    expect(said(ExistingCode, 'M8/40')).toEqual([]);
    expect(said(ExistingCode, 'a\t ')).toEqual([]);
    expect(said(ExistingCode, 'e\u0301'.repeat(64))).toEqual([]);
    expect(said(ExistingCode, '')).toEqual(['must not be empty']);
    expect(said(ExistingCode, 'x'.repeat(65))).toEqual(['must have at most 64 characters']);
  });

  test('the characters that it may have are those of Unicode 15.0 that can be seen', () => {
    // 149,186 characters, less 170 of format, 16 blanks, 268 that are ignored, 2 hidden letters and more.
    let visible = 0;
    const wrong: string[] = [];
    for (let number = 0; number <= 0x10ffff; number += 1) {
      const character = String.fromCodePoint(number);
      if (invisibleCharacter.test(character)) continue;
      visible += 1;
      if (hidden.test(character)) wrong.push(number.toString(16));
    }
    expect([visible, wrong]).toEqual([148_730, []]);
  });
});

/** What this program's own version of Unicode knows as invisible. */
const hidden = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u;

describe('a list of aliases', () => {
  test.each<[unknown, string[]]>([
    [[], []],
    [['OLD-1', 'M8/40'], []],
    [Array.from({ length: 100 }, (_, n) => `A${n}`), []],
    [Array.from({ length: 101 }, (_, n) => `A${n}`), ['must have at most 100 codes']],
    [['a '], ['must not begin or end with a blank']],
    ['A', ['must be a list of codes']],
  ])('%j gives %j', (value, messages) => {
    const { error } = Aliases.safeParse(value);
    expect(error?.issues.map(({ message }) => message) ?? []).toEqual(messages);
  });
});

describe('a lot', () => {
  test.each([undefined, '', 'L1', 'x'.repeat(64), 'a/b', '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42'])(
    '%j is accepted',
    (value) => expect(said(Lot, value)).toEqual([]),
  );
  test.each([
    [null, 'must be a string'],
    [7, 'must be a string'],
    [' ', 'must not begin or end with a blank'],
    ['L ', 'must not begin or end with a blank'],
    ['x'.repeat(65), 'must have at most 64 characters'],
    ['a\u200bb', 'must not contain U+200B ZERO WIDTH SPACE after "a": remove it'],
  ])('%j is refused: %s', (value, message) => expect(said(Lot, value)).toEqual([message]));
});

describe.each([
  ['a name', Name],
  ['a reference', Reference],
])('%s', (_, schema) => {
  test.each([
    ['x', []],
    ['x'.repeat(200), []],
    ['\u{1f600}'.repeat(200), []],
    ['', ['must not be empty']],
    ['x'.repeat(201), ['must have at most 200 characters']],
    ['\u{1f600}'.repeat(201), ['must have at most 200 characters']],
    [null, ['must be a string']],
  ])('%j gives %j', (value, messages) => expect(said(schema, value)).toEqual(messages));
});

test('a reference is visible text in the normal form NFC', () => {
  expect(Reference.parse('\u212a-1 e\u0301')).toBe('K-1 \u00e9');
  expect(said(Reference, 'PO-1 ')).toEqual(['must not begin or end with a blank']);
  expect(said(Reference, 'PO\u200b-1')).toEqual([
    'must not contain U+200B ZERO WIDTH SPACE after "PO": remove it',
  ]);
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
