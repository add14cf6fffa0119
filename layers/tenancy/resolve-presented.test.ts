import { describe, expect, test } from 'vitest';
import { bearerOf, presentedBy } from './resolve-presented.ts';

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
