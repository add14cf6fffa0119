import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type * as z from 'zod';
import { routeKey, routes } from '#functions/routes.ts';
import type { Operation } from '#http/operation.ts';
import { loadHandler } from '#scripts/local/lambda/handlers.ts';
import { openAws } from '#tests/aws.ts';
import { type Caller, openWorld } from '#tests/world.ts';

/** Whatever a path, a query, a cursor or a header holds: an answer of the contract, never one of 500 or above. */

const world = openWorld();
// The list of drills is kept in a bucket.
openAws();
let acme: Caller;

interface Readable {
  readonly path: string;
  /** The names of the parameters that it takes. */
  readonly query: readonly string[];
}
const readable: Readable[] = [];

beforeAll(async () => {
  acme = await world.createOrganization();
  await acme.item('BOLT');
  await acme.location('MAIN');
  await acme.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 5 });
  for (const route of routes) {
    if (route.method !== 'GET' || !/^\/(v1|platform)\//.test(route.path)) continue;
    const { operations } = (await loadHandler(route.entry)) as unknown as {
      operations?: Record<string, Operation>;
    };
    const schema = operations?.[routeKey(route)]?.schemas.query as z.ZodObject | undefined;
    readable.push({ path: route.path, query: Object.keys(schema?.shape ?? {}) });
  }
});

const instants = [
  ...[
    '2026-02-30T00:00:00.000Z',
    '0000-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59.999Z',
    'infinity',
    '-infinity',
  ],
  ...['10000-01-01T00:00:00.000Z', '1900-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', '4714-11-24 BC'],
];
const texts = fc.oneof(
  fc.constantFrom(
    ...instants,
    '',
    '\0',
    'a\0b',
    '\ud800',
    '%',
    '%00',
    '..',
    'a|b',
    'a@b',
    "'",
    '\\',
    '{}',
    'null',
  ),
  fc.constantFrom('BOLT', 'MAIN', '-1', '0', '1', '1e9', '9'.repeat(15), '9'.repeat(30), 'NaN', '000001'),
  fc.constantFrom(
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    'A'.repeat(12),
    'x'.repeat(700),
    '\u{1f600}'.repeat(64),
  ),
  fc.uuid().map((id) => `${id}.999999999`),
  fc.uuid(),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const cursor = fc
  .oneof(fc.array(texts, { maxLength: 5 }), fc.jsonValue({ maxDepth: 3 }))
  .map((key) => Buffer.from(JSON.stringify(key)).toString('base64url'));

test('every list and every object is asked anything', async () => {
  expect(readable.length).toBeGreaterThan(15);
  for (const { path, query } of readable) {
    const { request } = path.startsWith('/v1/') ? acme : world.operator;
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.dictionary(fc.constantFrom('x', ...query), fc.oneof(texts, cursor), { maxKeys: 3 }),
        cursor,
        async (segment, given, key) => {
          const asked = {
            ...given,
            ...(query.includes('cursor') && !('cursor' in given) && { cursor: key }),
          };
          const search = new URLSearchParams(
            Object.entries(asked).map(([name, value]): [string, string] => [name, value.toWellFormed()]),
          );
          const at = path.replace(/\{\w+\}/, encodeURIComponent(segment.toWellFormed()));
          const { status } = await request('GET', `${at}?${search}`);
          expect([path, [200, 308, 400, 404, 409].includes(status) || status]).toEqual([path, true]);
        },
      ),
      { numRuns: 25 },
    );
  }
});

test('every header that is read is sent anything', async () => {
  const value = fc
    .oneof(texts, fc.string({ unit: 'binary', maxLength: 300 }))
    .map((text) => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '').trim());
  const names = [
    'idempotency-key',
    'x-organization',
    'authorization',
    'x-api-key',
    'x-operator-key',
    'content-type',
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.constantFrom(...names), value, { minKeys: 1, maxKeys: 3 }),
      async (headers) => {
        const { status } = await acme.request('POST', '/v1/items', { sku: '' }, headers);
        expect([400, 401, 403, 415]).toContain(status);
      },
    ),
    { numRuns: 100 },
  );
});

test('whatever key an answer is stored under, it is found by it or refused', async () => {
  let made = 0;
  const used = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 260 }), async (key) => {
      fc.pre(!used.has(key.trim()));
      used.add(key.trim());
      const headers = { 'idempotency-key': key.trim() };
      const body = { sku: `K-${++made}`, name: 'K' };
      const first = await acme.request('POST', '/v1/items', body, headers);
      const again = await acme.request('POST', '/v1/items', body, headers);
      const isKey = /^[!-~]{1,255}$/.test(key.trim());
      expect([first.status, again.status, again.body?.id]).toEqual(
        isKey ? [201, 201, first.body.id] : [400, 400, undefined],
      );
    }),
    { numRuns: 40 },
  );
});
