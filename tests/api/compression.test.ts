import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { readOperations } from '#scripts/develop/openapi/generate.ts';
import { type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization('acme');
  for (let made = 0; made < 40; made += 1)
    await acme.request('POST', '/v1/items', { sku: `S-${made}`, name: 'Größe' });
});

/** Asks like a client that decompresses by itself, which `fetch` does out of sight. */
async function ask(path: string, accepted: string) {
  const headers = { 'x-api-key': acme.apiKey, 'accept-encoding': accepted };
  const incoming = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request(`${world.url}${path}`, { headers }, resolve).on('error', reject).end();
  });
  const encoding = incoming.headers['content-encoding'];
  const body =
    encoding === 'br'
      ? incoming.pipe(createBrotliDecompress())
      : encoding === 'gzip'
        ? incoming.pipe(createGunzip())
        : incoming;
  return { encoding, bytes: Number(incoming.headers['content-length']), text: await text(body) };
}

describe('a page of a list', () => {
  test.each(['br', 'gzip'])('is a fraction of its bytes in %s, and the same page', async (encoding) => {
    const plain = await ask('/v1/items', 'identity');
    const compressed = await ask('/v1/items', encoding);
    expect([plain.encoding, plain.bytes]).toEqual([undefined, Buffer.byteLength(plain.text)]);
    expect([compressed.encoding, compressed.text]).toEqual([encoding, plain.text]);
    expect(compressed.bytes).toBeLessThan(plain.bytes / 5);
  });

  test('is what every list of the route table answers, and nothing but lists', async () => {
    const lists = [...(await readOperations())].flatMap(([key, { isList }]) => (isList ? [key] : []));
    expect(lists.sort()).toEqual([
      'GET /platform/drills',
      'GET /platform/organizations',
      'GET /v1/api-keys',
      'GET /v1/balances',
      'GET /v1/items',
      'GET /v1/locations',
      'GET /v1/movements',
      'GET /v1/reconciliations',
      'GET /v1/reservations',
      'GET /v1/seals',
      'GET /v1/users',
    ]);
  });
});

test.each(['/openapi.json', '/docs'])('%s is compressed too', async (path) => {
  const plain = await ask(path, 'identity');
  const compressed = await ask(path, 'gzip, br');
  expect([compressed.encoding, compressed.text]).toEqual(['br', plain.text]);
  expect(compressed.bytes).toBeLessThan(plain.bytes / 5);
});

test('an answer with a secret is not compressed, whatever the caller accepts', async () => {
  const created = await acme.request(
    'POST',
    '/v1/api-keys',
    { name: 'x'.repeat(100), scopes: ['read'] },
    { 'accept-encoding': 'gzip' },
  );
  expect([created.status, created.headers.get('content-encoding')]).toEqual([201, null]);
});
