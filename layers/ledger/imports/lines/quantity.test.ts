import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readQuantity } from './quantity.ts';

test.each([
  ['6', '6', false],
  ['-6', '6', true],
  ['+6', '6', false],
  [' 6 ', '6', false],
  ['006', '6', false],
  ['6.50', '6.5', false],
  ['6.0000000', '6', false],
  ['6.', '6', false],
  ['-0.0001', '0.0001', true],
  ['99999999999.9999', '99999999999.9999', false],
])('%j is %s', (text, digits, isNegative) => {
  expect(readQuantity(text)).toEqual({ value: { digits, isNegative } });
});

test.each([
  ['', 'the quantity is empty'],
  ['0', 'is zero'],
  ['-0.000', 'is zero'],
  ['six', 'is not a number'],
  ['1,000', 'is not a number'],
  ['1e3', 'is not a number'],
  ['.5.', 'is not a number'],
  ['NaN', 'is not a number'],
  ['0x10', 'is not a number'],
  ['1.00001', 'has more than 4 decimals'],
  ['100000000000', 'has more than 11 digits'],
])('%j is refused', (text, fault) => {
  expect(readQuantity(text).fault).toContain(fault);
});

test('every quantity that fits keeps its value exactly', () => {
  const units = fc.bigInt({ min: 1n, max: 999_999_999_999_999n });
  fc.assert(
    fc.property(units, fc.boolean(), (value, isNegative) => {
      const digits = value.toString().padStart(5, '0');
      const text = `${isNegative ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`;
      const read = readQuantity(text).value;
      const [whole = '', decimals = ''] = read?.digits.split('.') ?? [];
      expect(BigInt(whole + decimals.padEnd(4, '0'))).toBe(value);
      expect(read?.isNegative).toBe(isNegative);
    }),
  );
});
