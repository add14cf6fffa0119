import { expect, test } from 'vitest';
import { bare, dollarQuoted, fileWords, nameWith, quoted } from './names.ts';

test.each([
  ['orders', 'orders'],
  ['Order', '"Order"'],
  ['order', '"order"'],
  ['a "b"', '"a ""b"""'],
])('%s is written as %s', (name, sql) => {
  expect(quoted(name)).toBe(sql);
  expect(bare(sql)).toBe(name);
});

test('a name with an ending stays within 63 bytes, and two names stay two', () => {
  expect(nameWith('"User_email_key"', '_org')).toBe('"User_email_key_org"');
  const long = 'a'.repeat(62);
  const [first, second] = [nameWith(`${long}b`, '_org'), nameWith(`${long}c`, '_org')];
  expect(first).toMatch(/^a{50}_[0-9a-f]{8}_org$/);
  expect(second).not.toBe(first);
  expect(Buffer.byteLength(bare(nameWith('ü'.repeat(31), '_org')))).toBeLessThanOrEqual(63);
});

test('the words of a file name come from names of any form', () => {
  expect(fileWords('work', 'StockMove', 'wall')).toBe('work_stock_move_wall');
  expect(fileWords('_AToB', 'Ünnamed key')).toBe('ato_b_nnamed_key');
});

test('a text with dollar signs stays one text', () => {
  expect(dollarQuoted('begin end')).toBe('$$begin end$$');
  expect(dollarQuoted('"a$$" "$body1$"')).toBe('$body2$"a$$" "$body1$"$body2$');
});
