import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * API keys: `sk_<env>_<key id>_<secret><crc32>`. The key id finds the key, the secret proves it; only the secret's
 * SHA-256 digest is stored, which is enough for 256 random bits (no password hash is needed against guessing).
 * The checksum lets a mistyped key fail without asking the database.
 */
export interface ApiKey {
  /** The whole key. Shown once, then forgotten. */
  readonly key: string;
  readonly keyId: string;
  readonly secretDigest: Buffer;
}

/** A presented key that is well formed. */
export interface PresentedKey {
  readonly kind: 'key';
  readonly keyId: string;
  readonly secretDigest: Buffer;
}

export type Scope = 'read' | 'write' | 'admin';

export const scopes = ['read', 'write', 'admin'] as const satisfies readonly Scope[];

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const keyIdLength = 12;
/** 62^43 > 2^256: as many characters as hold 32 bytes. */
const secretLength = 43;
/** 62^6 > 2^32 */
const checksumLength = 6;
const pattern = new RegExp(
  `^sk_([a-z]{1,16})_([0-9A-Za-z]{${keyIdLength}})_([0-9A-Za-z]{${secretLength}})([0-9A-Za-z]{${checksumLength}})$`,
);

/** Creates a key for an environment (`live`, `test`, …). */
export function createApiKey(keyEnvironment: string): ApiKey {
  const keyId = toBase62(randomBytes(16)).slice(-keyIdLength);
  const secret = toBase62(randomBytes(32)).padStart(secretLength, '0');
  const body = `sk_${keyEnvironment}_${keyId}_${secret}`;
  return { key: body + checksumOf(body), keyId, secretDigest: digestOf(secret) };
}

/** Reads a presented key; undefined when it is malformed, mistyped or of another environment. */
export function parseApiKey(text: string, keyEnvironment: string): PresentedKey | undefined {
  const match = pattern.exec(text);
  const [, environment, keyId, secret, checksum] = match ?? [];
  if (!keyId || !secret || environment !== keyEnvironment) return undefined;
  if (checksum !== checksumOf(text.slice(0, -checksumLength))) return undefined;
  return { kind: 'key', keyId, secretDigest: digestOf(secret) };
}

function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

function checksumOf(body: string): string {
  let text = '';
  for (let value = crc32(body); value > 0; value = Math.floor(value / 62)) text = alphabet[value % 62] + text;
  return text.padStart(checksumLength, '0');
}

function toBase62(bytes: Buffer): string {
  let value = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  while (value > 0n) {
    text = alphabet[Number(value % 62n)] + text;
    value /= 62n;
  }
  return text;
}
