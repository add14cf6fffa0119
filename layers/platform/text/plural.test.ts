import { expect, test } from 'vitest';
import { counted } from './plural.ts';

test.each([
  [0, '0 balances'],
  [1, '1 balance'],
  [2, '2 balances'],
  [-1, '-1 balances'],
])('%i of a regular noun is "%s"', (count, text) => {
  expect(counted(count, 'balance')).toBe(text);
});

test('an irregular noun has its own plural', () => {
  expect(counted(1, 'entry', 'entries')).toBe('1 entry');
  expect(counted(3, 'entry', 'entries')).toBe('3 entries');
});
