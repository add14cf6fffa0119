import { describe, expect, test } from 'vitest';
import { lineReader } from './import-line.ts';
import { parseProfile } from './profile.ts';

const smallest = {
  sku: { column: 'SKU' },
  quantity: { column: 'Qty', sign: 'in' },
  location: { constant: 'main' },
};

/** Reads one line of a file, given as columns and their values. */
function read(columns: Readonly<Record<string, string>>, profile: object = {}) {
  const reader = lineReader(parseProfile({ ...smallest, ...profile }), Object.keys(columns));
  return reader({ line: 7, fields: Object.values(columns), bytes: 1 });
}

function lineOf(columns: Readonly<Record<string, string>>, profile?: object) {
  const result = read(columns, profile);
  if (result.faults) throw new Error(result.faults.join('; '));
  return result.line;
}

const quantity = (sign: string) => ({ quantity: { column: 'Qty', sign } });

describe('the quantity and its kind', () => {
  test.each([
    ['in', '6', { kind: 'receipt', quantity: '6' }],
    ['in', '-6', { kind: 'issue', quantity: '-6' }],
    ['out', '6', { kind: 'issue', quantity: '-6' }],
    ['out', '-6', { kind: 'return', quantity: '6' }],
  ])('with the sign %s, %s', (sign, text, expected) => {
    expect(lineOf({ SKU: 'A', Qty: text }, quantity(sign))).toMatchObject(expected);
  });

  test('a constant kind is kept, and allows both signs when the kind does', () => {
    const adjustment = { ...quantity('out'), kind: { constant: 'adjustment' } };
    expect(lineOf({ SKU: 'A', Qty: '2' }, adjustment)).toMatchObject({ kind: 'adjustment', quantity: '-2' });
    expect(lineOf({ SKU: 'A', Qty: '-2' }, adjustment)).toMatchObject({ kind: 'adjustment', quantity: '2' });
    expect(read({ SKU: 'A', Qty: '-2' }, { kind: { constant: 'receipt' } }).faults).toEqual([
      'the quantity -2 has the wrong sign for its kind, receipt',
    ]);
  });

  test('a column of kinds gives the sign of numbers that have none', () => {
    const byKind = {
      ...quantity('byKind'),
      kind: { column: 'Type', values: { SALE: 'issue', BUY: 'receipt' } },
    };
    expect(lineOf({ SKU: 'A', Qty: '2', Type: 'SALE' }, byKind)).toMatchObject({
      kind: 'issue',
      quantity: '-2',
    });
    expect(lineOf({ SKU: 'A', Qty: '2', Type: 'BUY' }, byKind)).toMatchObject({
      kind: 'receipt',
      quantity: '2',
    });
    expect(read({ SKU: 'A', Qty: '-2', Type: 'BUY' }, byKind).faults).toEqual([
      'the quantity -2 must not have a sign: its kind decides the sign',
    ]);
    expect(read({ SKU: 'A', Qty: '2', Type: 'LOST' }, byKind).faults).toEqual([
      'the kind "LOST" is not one of SALE, BUY',
    ]);
  });
});

describe('the other columns', () => {
  const full = {
    organization: { column: 'Org' },
    location: { column: 'Loc' },
    lot: { column: 'Lot' },
    reference: { column: 'Ref' },
    time: { column: 'At', format: 'yyyy-MM-dd' },
    items: { name: { column: 'Name' } },
  };
  const values = {
    Org: ' Acme ',
    SKU: ' a1 ',
    Qty: '1',
    Loc: 'WH',
    Lot: 'L1',
    Ref: ' R1 ',
    At: '2024-01-02',
    Name: ' A thing ',
  };

  test('are read and trimmed', () => {
    expect(read(values, full)).toMatchObject({
      organization: 'Acme',
      line: {
        line: 7,
        sku: 'a1',
        name: 'A thing',
        location: 'WH',
        lot: 'L1',
        reference: 'R1',
        time: '2024-01-02 00:00:00.000',
      },
    });
    expect(lineOf({ ...values, Ref: '', Lot: ' ', Name: '' }, full)).toMatchObject({
      reference: null,
      lot: '',
      name: null,
    });
    expect(lineOf(values, { ...full, sku: { column: 'SKU', case: 'upper' } }).sku).toBe('A1');
  });

  test('all faults of a line are reported at once', () => {
    const wrong = { ...values, Org: '', SKU: '', Qty: 'x', Loc: 'a\u0000b', At: '1/2', Ref: 'r'.repeat(201) };
    expect(read(wrong, full).faults).toEqual([
      'the SKU must not be empty',
      'the quantity "x" is not a number',
      'the location "a\\u0000b" must not contain U+0000 NULL after "a": remove it',
      expect.stringMatching(/^the reference "r{80}…" must have at most 200 characters$/),
      'the time "1/2" does not match the pattern yyyy-MM-dd',
      'the organization is empty',
    ]);
  });

  test.each([
    ['SKU', 's'.repeat(65), 'at most 64'],
    ['Lot', 'l'.repeat(65), 'at most 64'],
    ['Name', 'n'.repeat(201), 'at most 200'],
    ['Name', 'a\tb', 'control characters'],
    ['Ref', 'a\u0000b', 'must not contain U+0000'],
  ])('a %s that Postgres would refuse is refused by the reader', (column, text, fault) => {
    expect(read({ ...values, [column]: text }, full).faults).toEqual([expect.stringContaining(fault)]);
  });
});

test('a line with more or fewer fields than the header is refused, and so is an unreadable line', () => {
  const reader = lineReader(parseProfile(smallest), ['SKU', 'Qty']);
  expect(reader({ line: 2, fields: ['A'], bytes: 1 }).faults).toEqual([
    'the line has 1 field, but the header has 2',
  ]);
  expect(reader({ line: 2, fields: ['A', '1', ''], bytes: 1 }).faults).toEqual([
    'the line has 3 fields, but the header has 2',
  ]);
  expect(reader({ line: 2, fields: ['A', '1'], bytes: 1, fault: 'broken' }).faults).toEqual(['broken']);
});

test('the error names the columns that the file does not have, and the columns it has', () => {
  const profile = parseProfile({ ...smallest, items: { name: { column: 'Title' } }, lot: { column: 'Qty' } });
  expect(() => lineReader(profile, ['Code', 'Qty', 'Qty'])).toThrow(
    expect.objectContaining({
      options: {
        errors: [
          { field: 'sku.column', message: 'the file has no column "SKU"; it has "Code", "Qty", "Qty"' },
          { field: 'quantity.column', message: 'the file has several columns "Qty"' },
          { field: 'lot.column', message: 'the file has several columns "Qty"' },
          { field: 'items.name.column', message: expect.stringContaining('"Title"') },
        ],
      },
    }),
  );
});
