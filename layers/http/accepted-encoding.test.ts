import fc from 'fast-check';
import { expect, test } from 'vitest';
import { acceptedEncoding } from './accepted-encoding.ts';

test.each<[string | undefined, string | undefined]>([
  [undefined, undefined],
  ['', undefined],
  ['identity', undefined],
  ['deflate', undefined],
  ['gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['gzip, deflate, br', 'br'],
  ['gzip, deflate, br, zstd', 'br'],
  ['br;q=0.5, gzip;q=0.8', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['gzip;q=0', undefined],
  ['gzip;q=0.0, br;q=0.000', undefined],
  ['*', 'br'],
  ['*;q=0.1, br;q=0', 'gzip'],
  ['gzip ; q=1.000', 'gzip'],
  ['gzip;q=2', undefined],
  ['gzip;q=much', undefined],
  ['x-gzip', undefined],
])('%j accepts %j', (header, encoding) => {
  expect(acceptedEncoding(header)).toBe(encoding);
});

test('no header makes it fail', () => {
  fc.assert(fc.property(fc.string(), (header) => void acceptedEncoding(header)));
});
