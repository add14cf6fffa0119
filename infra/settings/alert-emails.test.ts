import { expect, test } from 'vitest';
import { alertEmails } from './alert-emails.ts';
import { ConfigurationError } from './configuration-error.ts';

test('addresses are separated by commas, and each is subscribed once', () => {
  expect(alertEmails(() => 'a@example.com, b@example.com,a@example.com')).toEqual([
    'a@example.com',
    'b@example.com',
  ]);
  expect(alertEmails((key) => (key === 'alertEmails' ? 'on-call@x.example.com' : 'x'))).toEqual([
    'on-call@x.example.com',
  ]);
});

test.each([undefined, ''])('%j subscribes nobody', (value) => {
  expect(alertEmails(() => value)).toEqual([]);
});

test.each([
  ['a@example.com;b@example.com', 'a@example.com;b@example.com'],
  ['on-call', 'on-call'],
  ['a@example', 'a@example'],
  ['a b@example.com', 'a b@example.com'],
  ['@example.com', '@example.com'],
  ['a@example.com,', ''],
  ['a@example.com, b', 'b'],
  [',a@example.com', ''],
])('%j is refused: an alert to an invalid address reaches nobody', (value, wrong) => {
  expect(() => alertEmails(() => value)).toThrow(
    new ConfigurationError(`alertEmails has "${wrong}": pass e-mail addresses separated by commas`),
  );
});
