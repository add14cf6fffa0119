import { expect, test } from 'vitest';
import { ConfigurationError } from './configuration-error.ts';
import { identity } from './identity.ts';

/** The identity in the context, or the whole text of its refusal. */
function read(values: Readonly<Record<string, unknown>>) {
  try {
    return identity((key) => values[key]);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
}

const described = { jwtIssuer: 'https://login.example.com/', jwtAudience: 'stockade' };
const trust = { issuer: 'https://login.example.com/', audience: 'stockade', jwksUri: undefined };
const nothing = { tokens: undefined, baseDomain: undefined };

test('without values, or with empty ones, no token is accepted and subdomains are not used', () => {
  expect(read({})).toEqual(nothing);
  expect(read({ jwtIssuer: '', jwtAudience: '', jwtJwksUri: '', baseDomain: '' })).toEqual(nothing);
});

test('an issuer is used exactly as written, because a token must name it exactly', () => {
  expect(read(described)).toEqual({ tokens: trust, baseDomain: undefined });
  expect(read({ ...described, jwtJwksUri: '' })).toEqual({ tokens: trust, baseDomain: undefined });
  const jwksUri = 'https://Keys.example.com/all';
  expect(read({ ...described, jwtJwksUri: jwksUri, baseDomain: 'a.example.com' })).toEqual({
    tokens: { ...trust, jwksUri },
    baseDomain: 'a.example.com',
  });
});

const label = 'l'.repeat(63);
test.each([
  ['API.Example.com', 'api.example.com'],
  ['a.de', 'a.de'],
  ['a-1.b2.example', 'a-1.b2.example'],
  [`${label}.${label}`, `${label}.${label}`],
])('%s is a base domain, compared in lower case', (given, baseDomain) => {
  expect(read({ baseDomain: given })).toEqual({ tokens: undefined, baseDomain });
});

const noHost = (text: string) =>
  `baseDomain is ${JSON.stringify(text)}: it must be a host name such as api.example.com`;
test.each([
  'https://api.example.com',
  'localhost',
  'api.example.com.',
  '.example.com',
  'a..com',
  '-a.com',
  'a-.com',
  'a.c',
  'a.c0m',
  'a_b.com',
  'a.com:443',
  ' a.com',
  `${label}l.com`,
  `a.${label}l`,
])('%s is not a base domain', (baseDomain) => {
  expect(read({ baseDomain })).toBe(noHost(baseDomain));
});

const noIssuer = 'jwtAudience and jwtJwksUri need an issuer: pass -c jwtIssuer=… too';
const noHttps = (key: string, value: string) =>
  `${key} is "${value}": it must be a URL that starts with https://`;
test.each([
  [
    { jwtIssuer: described.jwtIssuer },
    'An issuer creates tokens for many clients. Pass:\n  -c jwtAudience=…  (the client id that your users log in with)',
  ],
  [{ jwtAudience: 'stockade' }, noIssuer],
  [{ jwtJwksUri: 'https://keys.example.com' }, noIssuer],
  [{ ...described, jwtIssuer: 'login.example.com' }, noHttps('jwtIssuer', 'login.example.com')],
  [{ ...described, jwtIssuer: 'http://login.example.com' }, noHttps('jwtIssuer', 'http://login.example.com')],
  [{ ...described, jwtJwksUri: '/keys' }, noHttps('jwtJwksUri', '/keys')],
  [{ ...described, jwtJwksUri: 'http://keys.example.com' }, noHttps('jwtJwksUri', 'http://keys.example.com')],
  [{ ...described, baseDomain: 'X' }, noHost('x')],
])('%j is refused, and the error says what to pass', (context, message) => {
  expect(read(context)).toBe(message);
});
