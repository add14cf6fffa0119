import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cellOf, fieldOf, isOfRejects } from './spreadsheet-cell.ts';

test.each(['=1+1', '+A1', '-A1', '@SUM(A1)', '\t=1', '\r=1', '＝1', '-2+3+cmd|x', '=', "'=1"])(
  '%j is made text',
  (field) => {
    expect(cellOf(field)).toBe(`'${field}`);
    expect(fieldOf(cellOf(field))).toBe(field);
  },
);

test.each(['', 'A-1', '5', '-5', '+5', '-1.234,5', '- 5', "it's", "'A", 'a=b'])('%j stays', (field) => {
  expect(cellOf(field)).toBe(field);
  expect(fieldOf(field)).toBe(field);
});

test('whatever a field is, its cell runs nothing and gives it back', () => {
  const field = fc.array(
    fc.oneof(fc.constantFrom("'", '=', '+', '-', '@', '1', '.', ' ', '\t'), fc.string({ maxLength: 2 })),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(field, (parts) => {
      const text = parts.join('');
      expect(fieldOf(cellOf(text))).toBe(text);
      expect(cellOf(text)).toMatch(/^(?![=+\-@\t\r])|^[+-]?[\d.,\s]+$/);
    }),
  );
});

test('a file of rejected lines is known by its first columns', () => {
  expect(isOfRejects(['reject_line', 'reject_reason', 'sku'])).toBe(true);
  expect(isOfRejects(['sku', 'reject_line', 'reject_reason'])).toBe(false);
});
