import { expect, test } from 'vitest';
import { emailPattern } from './users.ts';

test.each(['a@b', 'ada@example.com', 'Ünï+tag@例え.jp', '!#$%@x', `${'a'.repeat(318)}@b`])(
  '%s is an address',
  (email) => {
    expect(emailPattern.test(email)).toBe(true);
  },
);

test.each([
  '',
  'a',
  '@b',
  'a@',
  'a@b@c',
  'a b@c',
  'a@b c',
  ' a@b',
  'a@b ',
  'a|b@c',
  'a@b|c',
  'a\u0000b@c',
  'a@b\u007fc',
  'a\ud800@c',
  'a@b\n',
  `${'a'.repeat(319)}@b`,
])('%j is none', (email) => {
  expect(emailPattern.test(email)).toBe(false);
});
