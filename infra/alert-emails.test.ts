import { expect, test } from 'vitest';
import { alertEmails } from './alert-emails.ts';
import { ConfigurationError } from './configuration-error.ts';

test('addresses are separated by commas, and each is subscribed once', () => {
  expect(alertEmails(() => 'a@example.com, b@example.com,a@example.com')).toEqual([
    'a@example.com',
    'b@example.com',
  ]);
});

test.each([undefined, ''])('%j subscribes nobody', (value) => {
  expect(alertEmails(() => value)).toEqual([]);
});

test.each(['a@example.com;b@example.com', 'on-call', 'a@example.com,'])(
  '%j is refused: an alert to an address that is none reaches nobody',
  (value) => {
    expect(() => alertEmails(() => value)).toThrow(ConfigurationError);
  },
);
