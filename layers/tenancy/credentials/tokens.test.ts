import { createHmac, createPublicKey } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { TokenConfig } from '#platform/config.ts';
import { Unavailable } from '#platform/errors.ts';
import { type Issuer, startIssuer } from '#scripts/local/issuer/issuer.ts';
import {
  createSigningKey,
  localAudience,
  localIssuer,
  publicPart,
  type SigningKey,
  signToken,
} from '#scripts/local/issuer/signing-key.ts';
import { verifyToken } from './tokens.ts';

const email = 'ada@example.com';
let key: SigningKey;
let issuer: Issuer;
let config: TokenConfig;

beforeAll(async () => {
  key = await createSigningKey();
});
beforeEach(async () => {
  issuer = await startIssuer(key);
  config = configFor(issuer.jwksUri);
  // Only the clock: the network's timers stay real.
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await issuer.close();
});

function configFor(jwksUri: string): TokenConfig {
  return {
    issuer: localIssuer,
    audience: localAudience,
    jwksUri: new URL(jwksUri),
    passKey: { id: 'x', secret: Buffer.alloc(32) },
  };
}

function passSeconds(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

const nowSeconds = () => Math.floor(Date.now() / 1000);
const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url');

test('a token of the issuer proves its user, in lower case', async () => {
  const token = await issuer.issueToken({ email: 'Ada@Example.COM', claims: { sub: 'u-1' } });
  expect(await verifyToken(token, config)).toEqual({ email, subject: 'u-1' });
});

describe('a token that is refused', () => {
  test.each<[string, Record<string, unknown>]>([
    ['of another issuer', { iss: 'https://issuer.example.com' }],
    ['without an issuer', { iss: undefined }],
    ['for another audience', { aud: 'another-client' }],
    ['without an audience', { aud: undefined }],
    ['that never expires', { exp: undefined }],
    ['that expired before the tolerance', { exp: Math.floor(Date.now() / 1000) - 60 }],
    ['not valid yet, past the tolerance', { nbf: Math.floor(Date.now() / 1000) + 120 }],
    ['whose address is not verified', { email_verified: false }],
    ['whose address is verified in words only', { email_verified: 'true' }],
    ['that does not say whether its address is verified', { email_verified: undefined }],
    ['without an address', { email: undefined }],
    ['whose address is none', { email: 'ada' }],
    ['whose address only looks like one of ASCII', { email: '\u212aate@example.com' }],
    ['whose address is a list', { email: [email] }],
    ['whose address would add a part to the pass', { email: `9|${email}` }],
  ])('%s', async (_, claims) => {
    expect(await verifyToken(await issuer.issueToken({ email, claims }), config)).toBeUndefined();
  });

  test('unsigned, with alg none', async () => {
    const [, payload] = (await issuer.issueToken({ email })).split('.');
    for (const alg of ['none', 'None', 'NONE']) {
      expect(await verifyToken(`${part({ alg, kid: key.kid })}.${payload}.`, config)).toBeUndefined();
    }
  });

  test('signed with the public key as if it were a shared secret', async () => {
    const [, payload] = (await issuer.issueToken({ email })).split('.');
    const signed = `${part({ alg: 'HS256', kid: key.kid })}.${payload}`;
    const pem = createPublicKey({ key: publicPart(key) as never, format: 'jwk' });
    for (const secret of [
      pem.export({ type: 'spki', format: 'pem' }),
      pem.export({ type: 'spki', format: 'der' }),
    ]) {
      const signature = createHmac('sha256', secret).update(signed).digest('base64url');
      expect(await verifyToken(`${signed}.${signature}`, config)).toBeUndefined();
    }
  });

  test('signed in a way that is not on our list, though the issuer publishes the key', async () => {
    const alg = 'ML-DSA-44';
    const pair = await generateKeyPair(alg, { extractable: true });
    const published = { ...(await exportJWK(pair.publicKey)), kid: 'new', alg };
    const server = await listen(0, { keys: [published] });
    const { port } = server.address() as AddressInfo;
    const [, payload = ''] = (await issuer.issueToken({ email })).split('.');
    const token = await new SignJWT(JSON.parse(Buffer.from(payload, 'base64url').toString()))
      .setProtectedHeader({ alg, kid: 'new' })
      .sign(pair.privateKey);
    const jwksUri = new URL(`http://127.0.0.1:${port}/keys`);
    expect(await verifyToken(token, { ...config, jwksUri })).toBeUndefined();
    server.close();
    server.closeAllConnections();
  });

  test('with its claims or its signature altered, or signed by another key under the same id', async () => {
    const [header, , signature] = (await issuer.issueToken({ email })).split('.');
    const other = await issuer.issueToken({ email: 'eve@example.com' });
    expect(await verifyToken(`${header}.${other.split('.')[1]}.${signature}`, config)).toBeUndefined();
    const forged = await signToken({ ...(await createSigningKey()), kid: key.kid }, { email });
    expect(await verifyToken(forged, config)).toBeUndefined();
  });

  test('that brings its own key, or asks for extensions we do not know', async () => {
    const own = await createSigningKey();
    const [, payload] = (await issuer.issueToken({ email })).split('.');
    for (const header of [
      { alg: 'RS256', jwk: publicPart(own) },
      { alg: 'RS256', jku: 'https://issuer.example.com/jwks.json', kid: own.kid },
      { alg: 'RS256', kid: key.kid, crit: ['b64'], b64: false },
    ]) {
      expect(await verifyToken(`${part(header)}.${payload}.AAAA`, config)).toBeUndefined();
    }
  });

  test.each(['a.b.c', '..', `${part({})}.${part({})}.`, `${part({ alg: 'RS256' })}.bm8.bm8`])(
    'that is none: %s',
    async (token) => {
      expect(await verifyToken(token, config)).toBeUndefined();
    },
  );
});

test.each([
  ['exp', -29, true],
  ['exp', -30, false],
  ['nbf', 30, true],
  ['nbf', 31, false],
])('clocks may be half a minute apart: %s %d seconds from now', async (claim, seconds, isTaken) => {
  const token = await issuer.issueToken({ email, claims: { [claim]: nowSeconds() + seconds } });
  expect(await verifyToken(token, config)).toEqual(
    isTaken ? { email, subject: expect.any(String) } : undefined,
  );
});

test('keys are fetched once, and a new key is accepted after the pause between fetches', async () => {
  for (let n = 0; n < 5; n += 1) await verifyToken(await issuer.issueToken({ email }), config);
  expect(issuer.keyRequests()).toBe(1);

  await issuer.rotate();
  passSeconds(9);
  expect(await verifyToken(await issuer.issueToken({ email }), config)).toBeUndefined();
  expect(issuer.keyRequests()).toBe(1);
  passSeconds(2);
  expect(await verifyToken(await issuer.issueToken({ email }), config)).toMatchObject({ email });
  expect(issuer.keyRequests()).toBe(2);
});

test('tokens that name unknown keys cause one fetch in ten seconds, however many there are', async () => {
  const unknown = await signToken(await createSigningKey(), { email });
  await verifyToken(await issuer.issueToken({ email }), config);
  passSeconds(11);
  for (let n = 0; n < 20; n += 1) expect(await verifyToken(unknown, config)).toBeUndefined();
  expect(issuer.keyRequests()).toBe(2);
});

test('a key the issuer has withdrawn is refused after ten minutes, and no sooner', async () => {
  const token = await issuer.issueToken({ email });
  expect(await verifyToken(token, config)).toMatchObject({ email });
  const { port } = config.jwksUri;
  await issuer.close();
  const successor = await listen(Number(port), { keys: [publicPart(await createSigningKey())] });
  passSeconds(599);
  expect(await verifyToken(token, config)).toMatchObject({ email });
  passSeconds(2);
  expect(await verifyToken(token, config)).toBeUndefined();
  successor.close();
  successor.closeAllConnections();
});

test('a subject that is not text is left out', async () => {
  const token = await issuer.issueToken({ email, claims: { sub: undefined } });
  expect(await verifyToken(token, config)).toEqual({ email, subject: undefined });
});

test.each([
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
])('a token that is signed with %s is taken', async (alg) => {
  const pair = await generateKeyPair(alg, { extractable: true });
  const server = await listen(0, { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'new', alg }] });
  const { port } = server.address() as AddressInfo;
  const [, payload = ''] = (await issuer.issueToken({ email })).split('.');
  const token = await new SignJWT(JSON.parse(Buffer.from(payload, 'base64url').toString()))
    .setProtectedHeader({ alg, kid: 'new' })
    .sign(pair.privateKey);
  const jwksUri = new URL(`http://127.0.0.1:${port}/keys`);
  expect(await verifyToken(token, { ...config, jwksUri })).toMatchObject({ email });
  server.close();
  server.closeAllConnections();
});

describe('an issuer whose keys cannot be had', () => {
  async function failureOf(token: string, uri = config.jwksUri): Promise<unknown> {
    return await verifyToken(token, { ...config, jwksUri: uri }).catch((error) => error);
  }

  test('is a reason to try again later, not to refuse the token', async () => {
    const token = await issuer.issueToken({ email });
    await issuer.close();
    const failure = await failureOf(token);
    expect(failure).toBeInstanceOf(Unavailable);
    expect((failure as Unavailable).options.retryAfterSeconds).toBe(2);
  });

  test.each<[string, number, unknown]>([
    ['answers 500', 500, {}],
    ['answers 404', 404, {}],
    ['redirects', 302, {}],
    ['answers what is no key set', 200, { hello: 'world' }],
    ['answers what is no JSON', 200, undefined],
  ])('because it %s', async (_, status, body) => {
    const server = await listen(0, body, status);
    const { port } = server.address() as AddressInfo;
    const failure = await failureOf(
      await issuer.issueToken({ email }),
      new URL(`http://127.0.0.1:${port}/keys`),
    );
    server.close();
    server.closeAllConnections();
    expect(failure).toBeInstanceOf(Unavailable);
  });

  test('does not stop tokens under keys that are known already', async () => {
    const known = await issuer.issueToken({ email });
    await verifyToken(known, config);
    await issuer.close();
    passSeconds(60);
    expect(await failureOf(await signToken(await createSigningKey(), { email }))).toBeInstanceOf(Unavailable);
    expect(await verifyToken(known, config)).toMatchObject({ email });
  });

  test('is asked again after a pause, not by every request', async () => {
    let requests = 0;
    const server = createServer((_, response) => {
      requests += 1;
      response.writeHead(503).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const uri = new URL(`http://127.0.0.1:${port}/keys`);
    const token = await issuer.issueToken({ email });
    for (let n = 0; n < 10; n += 1) expect(await failureOf(token, uri)).toBeInstanceOf(Unavailable);
    passSeconds(1);
    expect(await failureOf(token, uri)).toBeInstanceOf(Unavailable);
    expect(requests).toBe(1);
    passSeconds(2);
    await failureOf(token, uri);
    expect(requests).toBe(2);
    server.close();
    server.closeAllConnections();
  });
});

async function listen(port: number, body: unknown, status = 200): Promise<Server> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', location: '/elsewhere' });
    response.end(body === undefined ? 'not JSON' : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}
