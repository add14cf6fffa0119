import { expect, test } from 'vitest';
import { lineDiff } from './line-diff.ts';

test('equal texts have no difference', () => {
  expect(lineDiff('a\nb', 'a\nb')).toBe('');
});

test('a difference shows removed lines, added lines, and the lines around them', () => {
  const before = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'].join('\n');
  expect(lineDiff(before, before.replace('six', 'SIX'))).toBe(
    ['…', '  three', '  four', '  five', '- six', '+ SIX', '  seven'].join('\n'),
  );
});
