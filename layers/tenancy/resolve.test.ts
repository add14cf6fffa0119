import { describe, expect, test } from 'vitest';
import { createApiKey, parseApiKey } from './credentials/api-keys.ts';
import { bearerOf } from './credentials/bearer.ts';
import { decide, presentedBy } from './resolve.ts';

const of = (headers: Record<string, string>, domainName = 'api.example.com', baseDomain?: string) =>
  presentedBy({ headers, domainName }, baseDomain);

test('a request that brings nothing presents nothing', () => {
  expect(of({})).toEqual({ keys: [], token: undefined, selectors: [] });
  expect(of({ authorization: ' ', 'x-api-key': ' ' })).toEqual({ keys: [], token: undefined, selectors: [] });
});

describe('the header authorization', () => {
  test.each([
    ['Bearer sk_a', { keys: ['sk_a'], token: undefined }],
    ['  bearer   sk_a ', { keys: ['sk_a'], token: undefined }],
    ['BEARER a.b.c', { keys: [], token: 'a.b.c' }],
    ['Bearer a.b.', { keys: [], token: 'a.b.' }],
    ['Bearer a.b-_9.c', { keys: [], token: 'a.b-_9.c' }],
    ['Bearer a.b', { keys: ['a.b'], token: undefined }],
    ['Bearer a.b.c.d', { keys: ['a.b.c.d'], token: undefined }],
    ['Bearer .b.c', { keys: ['.b.c'], token: undefined }],
    ['Bearer a..c', { keys: ['a..c'], token: undefined }],
    ['Bearer a.b+.c', { keys: ['a.b+.c'], token: undefined }],
    // What cannot be checked is kept as a key that is none, so that it spoils the request.
    ['Basic a', { keys: [''], token: undefined }],
    ['Bearer', { keys: [''], token: undefined }],
    ['Bearer a b', { keys: [''], token: undefined }],
    ['sk_a', { keys: [''], token: undefined }],
    ['xBearer sk_a', { keys: [''], token: undefined }],
  ])('%j', (authorization, expected) => {
    expect(of({ authorization })).toEqual({ ...expected, selectors: [] });
  });

  test('stands before x-api-key, which is never a token', () => {
    expect(of({ authorization: 'Bearer one', 'x-api-key': ' two ' }).keys).toEqual(['one', 'two']);
    expect(of({ authorization: 'Bearer a.b.c', 'x-api-key': 'd.e.f' })).toEqual({
      keys: ['d.e.f'],
      token: 'a.b.c',
      selectors: [],
    });
  });
});

describe('the bearer of a header', () => {
  test('is one word after the scheme', () => {
    expect(['Bearer a', 'bearer  a', 'Bearer a ', 'Bearer\ta', 'Bearer'].map(bearerOf)).toEqual([
      'a',
      'a',
      '',
      '',
      '',
    ]);
  });
});

describe('selectors', () => {
  test('are the header x-organization, an empty one too, and then the subdomain', () => {
    expect(of({ 'x-organization': ' acme ' }).selectors).toEqual(['acme']);
    expect(of({ 'x-organization': ' ' }).selectors).toEqual(['']);
    expect(of({ 'x-organization': 'acme' }, 'globex.example.com', 'example.com').selectors).toEqual([
      'acme',
      'globex',
    ]);
  });

  test.each<[host: string, selectors: string[]]>([
    ['acme.example.com', ['acme']],
    ['ACME.Example.COM', ['acme']],
    ['acme.example.com.', ['acme']],
    ['a.b.example.com', ['a.b']],
    ['.example.com', ['']],
    ['example.com', []],
    ['acmeexample.com', []],
    ['acme.example.com.evil.net', []],
    ['acme.example.org', []],
  ])('the host %s below example.com', (host, selectors) => {
    expect(of({}, host, 'example.com').selectors).toEqual(selectors);
  });

  test('are no hosts at all without a base domain', () => {
    expect(of({}, 'acme.example.com').selectors).toEqual([]);
    expect(of({}, 'acme.undefined').selectors).toEqual([]);
    expect(of({}, 'acme.', '').selectors).toEqual([]);
    expect(of({}, 'acme..', '').selectors).toEqual([]);
  });
});

describe('the decision without the database', () => {
  const { key: good } = createApiKey('test');
  const { key: other } = createApiKey('test');
  const { key: live } = createApiKey('live');
  const bad = `${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`;
  const parsed = parseApiKey(good, 'test');
  const user = { pass: 'a pass', email: 'ada@example.com', subject: 'a user' };
  const selectors = ['acme'];
  const refused = { refuse: 'invalid_credentials' };

  test.each([
    ['nothing', [], undefined, undefined, { refuse: 'unauthenticated' }],
    ['a good key', [good], undefined, undefined, { ask: { key: parsed, user: undefined, selectors } }],
    [
      'a good key twice',
      [good, good],
      undefined,
      undefined,
      { ask: { key: parsed, user: undefined, selectors } },
    ],
    ['a good token', [], 't', user, { ask: { key: undefined, user, selectors } }],
    ['a good key and a good token', [good], 't', user, { ask: { key: parsed, user, selectors } }],
    ['a bad key', [bad], undefined, undefined, refused],
    ['an empty key', [''], undefined, undefined, refused],
    ['a key of another environment', [live], undefined, undefined, refused],
    ['two good keys', [good, other], undefined, undefined, refused],
    ['a good key and a bad one', [good, bad], undefined, undefined, refused],
    ['a bad key and a good one', [bad, good], undefined, undefined, refused],
    ['a bad key twice', [bad, bad], undefined, undefined, refused],
    ['a bad token', [], 't', undefined, refused],
    ['a good key and a bad token', [good], 't', undefined, refused],
    ['a bad key and a good token', [bad], 't', user, refused],
    ['an empty token', [], '', undefined, refused],
  ])('%s', (_, keys, token, verified, decision) => {
    expect(decide({ keys, token, selectors }, verified, 'test')).toEqual(decision);
  });
});
