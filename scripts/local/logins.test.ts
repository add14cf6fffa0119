import { expect, test } from 'vitest';
import { loginUrl } from './logins.ts';

const admin = 'postgres://postgres:secret@127.0.0.1:5432/stockade';
const of = (url: string, role: Parameters<typeof loginUrl>[1] = 'stockade_api') =>
  new URL(loginUrl(url, role));

test('a role logs in to the same database, with a password that follows from the administrator’s and its name', () => {
  const { username, password, host, pathname } = of(admin);
  expect([username, host, pathname]).toEqual(['stockade_api', '127.0.0.1:5432', '/stockade']);
  expect(password).toMatch(/^[0-9a-f]{64}$/);
  expect(of(admin.replace('/stockade', '/other')).password).toBe(password);
  expect(of(admin.replace('5432', '5433')).password).toBe(password);
});

test('another role, administrator or password is another password', () => {
  const passwords = [
    of(admin),
    of(admin, 'stockade_jobs'),
    of(admin, 'stockade_admin'),
    of(admin.replace('secret', 'other')),
    of(admin.replace('postgres:secret', 'root:secret')),
  ].map(({ password }) => password);
  expect(new Set(passwords).size).toBe(passwords.length);
});
