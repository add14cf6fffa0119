import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createApiKey, parseApiKey } from './api-keys.ts';

const secret = `${'0'.repeat(42)}7`;
/** Its checksum was worked out by other means. */
const key = `sk_live_Key000000001_${secret}0K6MYy`;
const sha256 = (text: string) => createHash('sha256').update(text).digest();

/** A key of these parts with a checksum that is right, so that nothing but the parts can be wrong with it. */
function keyOf({
  prefix = 'sk',
  environment = 'live',
  id = 'Key000000001',
  secret: given = secret,
} = {}): string {
  const body = `${prefix}_${environment}_${id}_${given}`;
  let [rest, checksum] = [crc32(body), ''];
  for (; rest > 0; rest = Math.floor(rest / 62)) {
    checksum = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'[rest % 62] + checksum;
  }
  return body + checksum.padStart(6, '0');
}

describe('a new key', () => {
  test('consists of its environment, an id, a secret of 43 and a checksum of 6 characters, and parses as itself', () => {
    for (let n = 0; n < 200; n += 1) {
      const made = createApiKey('test');
      const [prefix, environment, id, rest = '', ...more] = made.key.split('_');
      expect([prefix, environment, id, rest.length, more]).toEqual(['sk', 'test', made.keyId, 49, []]);
      expect(made.keyId).toMatch(/^[0-9A-Za-z]{12}$/);
      expect(made.secretDigest).toEqual(sha256(rest.slice(0, 43)));
      expect(keyOf({ environment: 'test', id: made.keyId, secret: rest.slice(0, 43) })).toBe(made.key);
      expect(parseApiKey(made.key, 'test')).toEqual({
        kind: 'key',
        keyId: made.keyId,
        secretDigest: made.secretDigest,
      });
    }
  });

  test('is another one each time, in its id and in its secret', () => {
    const made = Array.from({ length: 200 }, () => createApiKey('test').key.split('_'));
    expect(new Set(made.map(([, , id]) => id)).size).toBe(200);
    expect(new Set(made.map(([, , , rest]) => rest)).size).toBe(200);
  });
});

describe('a key that is presented', () => {
  test('is known by its id and the digest of its secret', () => {
    expect(keyOf()).toBe(key);
    const parsed = { kind: 'key', keyId: 'Key000000001', secretDigest: sha256(secret) };
    expect(parseApiKey(key, 'live')).toEqual(parsed);
    // A checksum that begins with zeros has them.
    const short = '1179'.padStart(43, '0');
    expect(parseApiKey(`sk_live_Key000000001_${short}00E4v4`, 'live')).toEqual({
      ...parsed,
      secretDigest: sha256(short),
    });
  });

  test('may be of an environment of one to sixteen small letters, which must be the one asked for', () => {
    for (const environment of ['a', 'abcdefghijklmnop']) {
      expect(parseApiKey(keyOf({ environment }), environment)?.keyId).toBe('Key000000001');
    }
    for (const environment of ['', 'abcdefghijklmnopq', 'Live', 'live1', 'li-ve']) {
      expect([environment, parseApiKey(keyOf({ environment }), environment)]).toEqual([
        environment,
        undefined,
      ]);
    }
    expect(parseApiKey(keyOf({ environment: 'live' }), 'test')).toBeUndefined();
    expect(parseApiKey(keyOf({ environment: 'test' }), 'live')).toBeUndefined();
  });

  test.each([
    ['another prefix', keyOf({ prefix: 'pk' })],
    ['an id too short', keyOf({ id: 'Key00000001' })],
    ['an id too long', keyOf({ id: 'Key0000000001' })],
    ['an id of other characters', keyOf({ id: 'Key-00000001' })],
    ['a secret too short', keyOf({ secret: secret.slice(1) })],
    ['a secret too long', keyOf({ secret: `0${secret}` })],
    ['a secret of other characters', keyOf({ secret: secret.replace('7', '-') })],
    ['something before it', ` ${key}`],
    ['something after it', `${key}\n`],
    ['no checksum', key.slice(0, -6)],
    ['the checksum of another key', key.slice(0, -6) + keyOf({ id: 'Key000000002' }).slice(-6)],
    ['its checksum in another case', key.slice(0, -6) + swapCase(key.slice(-6))],
    ['nothing', ''],
  ])('is none with %s', (_, text) => {
    expect(parseApiKey(text, 'live')).toBeUndefined();
  });

  function swapCase(text: string): string {
    const swapped = [...text].map((letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    );
    expect(swapped.join('')).not.toBe(text);
    return swapped.join('');
  }
});
