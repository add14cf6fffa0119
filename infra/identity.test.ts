import { expect, test } from 'vitest';
import { ConfigurationError } from './configuration-error.ts';
import { identity } from './identity.ts';

const from = (values: Readonly<Record<string, unknown>>) => (key: string) => values[key];

const described = { jwtIssuer: 'https://login.example.com/', jwtAudience: 'stockade' };

test('nothing said: no token is accepted, no subdomain means anything', () => {
  expect(identity(from({}))).toEqual({ tokens: undefined, baseDomain: undefined });
  expect(identity(from({ jwtIssuer: '', baseDomain: '' }))).toEqual(identity(from({})));
});

test('an issuer is taken letter for letter, for a token must name it so', () => {
  expect(identity(from(described)).tokens).toEqual({
    issuer: 'https://login.example.com/',
    audience: 'stockade',
    jwksUri: undefined,
  });
  const jwtJwksUri = 'https://keys.example.com/all';
  expect(identity(from({ ...described, jwtJwksUri })).tokens?.jwksUri).toBe(jwtJwksUri);
});

test('host names are compared in lower case', () => {
  expect(identity(from({ baseDomain: 'API.Example.com' })).baseDomain).toBe('api.example.com');
});

test.each([
  [{ jwtIssuer: described.jwtIssuer }, '-c jwtAudience=…'],
  [{ jwtAudience: 'stockade' }, '-c jwtIssuer=…'],
  [{ jwtJwksUri: 'https://keys.example.com' }, '-c jwtIssuer=…'],
  [{ ...described, jwtIssuer: 'login.example.com' }, 'jwtIssuer is "login.example.com"'],
  [{ ...described, jwtIssuer: 'http://login.example.com' }, 'it must be a URL that starts with https://'],
  [{ ...described, jwtJwksUri: '/keys' }, 'jwtJwksUri is "/keys"'],
  [{ baseDomain: 'https://api.example.com' }, 'baseDomain is "https://api.example.com"'],
  [{ baseDomain: 'localhost' }, 'it must be a host name such as api.example.com'],
])('%j is refused, and the error says what to pass', (context, message) => {
  expect(() => identity(from(context))).toThrow(ConfigurationError);
  expect(() => identity(from(context))).toThrow(message);
});
