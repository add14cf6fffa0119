import { Signer } from '@aws-sdk/rds-signer';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MissingSetting } from '../errors.ts';
import { databaseToken } from './database-token.ts';

const login = { host: 'db.example.eu-central-1.rds.amazonaws.com', port: 5432, user: 'stockade_api' };
const credentials = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  AWS_SESSION_TOKEN: "IQoJb3JpZ2luX2VjE/+==(a)!*'~ é",
};

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

/** The token of the AWS SDK. */
function tokenOfSdk({ host, port, user }: typeof login, env: Partial<typeof credentials>): Promise<string> {
  return new Signer({
    hostname: host,
    port,
    username: user,
    region: env.AWS_REGION ?? '',
    credentials: {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
      ...(env.AWS_SESSION_TOKEN && { sessionToken: env.AWS_SESSION_TOKEN }),
    },
  }).getAuthToken();
}

describe('the password for RDS is byte by byte the one of the AWS SDK', () => {
  const { AWS_SESSION_TOKEN: _, ...withoutSession } = credentials;
  test.each([
    ['with the credentials of a role', login, credentials, '2026-03-01T09:30:00.007Z'],
    ['with those of a user', login, withoutSession, '2026-12-31T23:59:59.999Z'],
    [
      'with another port, and a user that must be escaped',
      { ...login, port: 6000, user: "o'n (a)*!~/+é" },
      credentials,
      '2027-01-01T00:00:00Z',
    ],
  ])('%s', async (_, given, env, at) => {
    vi.setSystemTime(new Date(at));
    expect(parts(databaseToken(given, env))).toEqual(parts(await tokenOfSdk(given, env)));
  });
});

/** A token, with its parameters by name: RDS reads them in any order. */
function parts(token: string) {
  const [address, query = ''] = token.split('?');
  return { address, parameters: query.split('&').sort() };
}

test.each(['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])(
  'without %s the error names it',
  (name) => {
    const env = { ...credentials, [name]: '' };
    expect(() => databaseToken(login, env)).toThrow(MissingSetting);
    expect(() => databaseToken(login, env)).toThrow(`${name} is not set`);
  },
);
