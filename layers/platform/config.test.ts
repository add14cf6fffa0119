import { expect, test } from 'vitest';
import { adminDatabaseConfig, jobsDatabaseConfig, operatorKey, tokenConfig } from './config.ts';

const complete = {
  STOCKADE_JWT_ISSUER: 'https://issuer.example.com/',
  STOCKADE_JWT_AUDIENCE: 'client',
  STOCKADE_PASS_KEY_ID: 'k1',
  STOCKADE_PASS_KEY: Buffer.alloc(32).toString('base64'),
};

test('without an issuer no token is accepted; with one, its keys are where OpenID providers put them', () => {
  expect(tokenConfig({})).toBeUndefined();
  expect(tokenConfig(complete)?.jwksUri.href).toBe('https://issuer.example.com/.well-known/jwks.json');
  const elsewhere = { ...complete, STOCKADE_JWT_JWKS_URI: 'https://keys.example.com/all' };
  expect(tokenConfig(elsewhere)?.jwksUri.href).toBe('https://keys.example.com/all');
});

test.each([
  ['STOCKADE_JWT_AUDIENCE', ''],
  ['STOCKADE_PASS_KEY_ID', ''],
  ['STOCKADE_PASS_KEY', ''],
  ['STOCKADE_PASS_KEY', Buffer.alloc(31).toString('base64')],
  ['STOCKADE_JWT_JWKS_URI', 'nowhere'],
])('half a configuration for tokens is a fault that names %s', (name, value) => {
  expect(() => tokenConfig({ ...complete, [name]: value })).toThrow(name);
});

test('an operator key that could be guessed is a fault, none is none', () => {
  expect(operatorKey({})).toBeUndefined();
  expect(() => operatorKey({ STOCKADE_OPERATOR_KEY: 'op_short' })).toThrow('STOCKADE_OPERATOR_KEY');
});

test('a function that is not for operators has no way into the database as one', () => {
  const tenants = { STOCKADE_DATABASE_HOST: 'db.example.com', STOCKADE_DATABASE_NAME: 'stockade' };
  const env = { ...tenants, STOCKADE_DATABASE_USER: 'stockade_api', STOCKADE_DATABASE_URL: 'postgres://x' };
  expect(() => adminDatabaseConfig(env)).toThrow('STOCKADE_ADMIN_DATABASE_USER');
  expect(adminDatabaseConfig({ ...tenants, STOCKADE_ADMIN_DATABASE_USER: 'stockade_admin' })).toMatchObject({
    host: 'db.example.com',
    user: 'stockade_admin',
  });
});

test('a function that is no scheduled job has no way into the database as one', () => {
  const env = { STOCKADE_DATABASE_URL: 'postgres://x', STOCKADE_ADMIN_DATABASE_URL: 'postgres://y' };
  expect(() => jobsDatabaseConfig(env)).toThrow('STOCKADE_DATABASE_HOST');
  const url = 'postgres://jobs';
  expect(jobsDatabaseConfig({ ...env, STOCKADE_JOBS_DATABASE_URL: url })).toMatchObject({ url });
});
