import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization();
  await acme.item('BOLT');
  await acme.item('MILK', { tracking: 'lot' });
  await acme.location('MAIN');
  await acme.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 5 });
});

const line = { sku: 'BOLT', location: 'MAIN', quantity: 1 };
const receipt = (change: object) => ({ kind: 'receipt', lines: [line], ...change });

/** Metadata nested so many deep. */
function nestedIn(levels: number): unknown {
  return JSON.parse(`${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`);
}

const wrong: [what: string, body: unknown, status: number, field: string][] = [
  ['a wrong type', receipt({ lines: [{ ...line, quantity: '1' }] }), 400, 'lines[0].quantity'],
  ['a missing quantity', receipt({ lines: [{ sku: 'BOLT', location: 'MAIN' }] }), 400, 'lines[0].quantity'],
  ['an unknown SKU', receipt({ lines: [line, { ...line, sku: 'NUT' }] }), 422, 'lines[1].sku'],
  ['an unknown location', receipt({ lines: [{ ...line, location: 'MOON' }] }), 422, 'lines[0].location'],
  ['a zero quantity', receipt({ lines: [{ ...line, quantity: 0 }] }), 400, 'lines[0].quantity'],
  ['1e300', receipt({ lines: [{ ...line, quantity: 1e300 }] }), 400, 'lines[0].quantity'],
  ['five decimals', receipt({ lines: [{ ...line, quantity: 0.12345 }] }), 400, 'lines[0].quantity'],
  ['twelve digits', receipt({ lines: [{ ...line, quantity: 100_000_000_000 }] }), 400, 'lines[0].quantity'],
  ['no lines', receipt({ lines: [] }), 400, 'lines'],
  ['10,000 lines', receipt({ lines: Array(10_000).fill(line) }), 400, 'lines'],
  ['lines that are no list', receipt({ lines: line }), 400, 'lines'],
  ['an unknown kind', receipt({ kind: 'gift' }), 400, 'kind'],
  ['a kind nobody may post', receipt({ kind: 'reversal' }), 400, 'kind'],
  ['a misspelt field', receipt({ refrence: 'PO-1' }), 400, 'refrence'],
  ['a receipt that takes', receipt({ lines: [{ ...line, quantity: -1 }] }), 400, 'lines[0].quantity'],
  ['an issue that adds', receipt({ kind: 'issue' }), 400, 'lines[0].quantity'],
  ['a transfer that loses stock', receipt({ kind: 'transfer' }), 422, 'lines'],
  ['a time without offset', receipt({ occurredAt: '2026-01-01T00:00:00' }), 400, 'occurredAt'],
  ['a day that is not', receipt({ occurredAt: '2026-02-30T00:00:00Z' }), 400, 'occurredAt'],
  ['the year 0', receipt({ occurredAt: '0000-01-01T00:00:00Z' }), 400, 'occurredAt'],
  ['a lot where there is none', receipt({ lines: [{ ...line, lot: 'L1' }] }), 422, 'lines[0].lot'],
  ['no lot where there must be', receipt({ lines: [{ ...line, sku: 'MILK' }] }), 422, 'lines[0].lot'],
  ['metadata of 10 kB', receipt({ metadata: { text: 'x'.repeat(10_000) } }), 400, 'metadata'],
  [
    'a version that is no number',
    receipt({ lines: [{ ...line, expectedVersion: 1.5 }] }),
    400,
    'lines[0].expectedVersion',
  ],
  ['NUL in a string', receipt({ reference: 'a\0b' }), 400, 'reference'],
  ['half a surrogate pair', '{"kind":"receipt","reference":"\\ud800","lines":[]}', 400, 'reference'],
  [
    'more digits than a number keeps',
    '{"kind":"receipt","lines":[{"sku":"BOLT","location":"MAIN","quantity":1.0000000000000001}]}',
    400,
    'lines[0].quantity',
  ],
  ['NUL in metadata', receipt({ metadata: { a: [{ b: 'x\0' }] } }), 400, 'metadata.a[0].b'],
  [
    'a field of metadata that no object keeps',
    '{"kind":"receipt","metadata":{"a":{"__proto__":{"b":1}}},"lines":[]}',
    400,
    'metadata.a.__proto__',
  ],
  ['metadata 33 deep', receipt({ metadata: nestedIn(33) }), 400, 'metadata'],
  ['metadata 1,000 deep', receipt({ metadata: nestedIn(1_000) }), 400, 'body'],
  ['the year 10000', receipt({ occurredAt: '9999-12-31T23:59:59-01:00' }), 400, 'occurredAt'],
  ['what rounds to the year 10000', receipt({ occurredAt: '9999-12-31T23:59:59.9996Z' }), 400, 'occurredAt'],
  ['not an object', '[]', 400, 'body'],
  ['not JSON', '{"kind":', 400, 'body'],
  ['nothing', '', 400, 'body'],
  ['invalid UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 400, 'body'],
];

test.each(wrong)('%s is refused, the field named', async (_, body, status, field) => {
  const answer = await acme.request('POST', '/v1/movements', body);
  expect(answer.body).toMatchObject({ status, code: 'invalid_input', errors: expect.any(Array) });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(answer.headers.get('x-request-id')).toBe(answer.body.requestId);
  expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
  expect(await acme.onHand('BOLT')).toBe(5);
});

test('a body of 7 MB is refused with 413 and the server lives on', async () => {
  const answer = await acme.request('POST', '/v1/movements', receipt({ reference: 'x'.repeat(7_000_000) }));
  expect(answer.status).toBe(413);
  expect(answer.body.code).toBe('payload_too_large');
  expect(await acme.onHand('BOLT')).toBe(5);
});

test('another content type is refused with 415', async () => {
  const answer = await acme.request('POST', '/v1/movements', 'kind=receipt', {
    'content-type': 'application/x-www-form-urlencoded',
  });
  expect([answer.status, answer.body.errors[0].field]).toEqual([415, 'content-type']);
});

test.each([
  ['limit=0', 'limit'],
  ['limit=201', 'limit'],
  ['limit=ten', 'limit'],
  ['cursor=nonsense', 'cursor'],
  ['cursor=WyJhIiwiYiJd', 'cursor'],
  ['since=yesterday', 'since'],
  ['kind=gift', 'kind'],
  ['colour=red', 'colour'],
  ['sku=%00', 'sku'],
])('the query %s is refused, the parameter named', async (query, field) => {
  const answer = await acme.request('GET', `/v1/movements?${query}`);
  expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([400, field]);
});

test.each(['', 'x'.repeat(256), 'with blank'])('the Idempotency-Key "%s" is refused', async (key) => {
  const answer = await acme.request('POST', '/v1/movements', receipt({}), { 'idempotency-key': key });
  expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([400, 'Idempotency-Key']);
  expect(await acme.onHand('BOLT')).toBe(5);
});

test('whatever JSON comes: an answer of the contract, never a 500, and a refusal writes nothing', async () => {
  const before = await acme.request('GET', '/v1/movements?limit=200');
  const anything = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.record(
      {
        kind: fc.oneof(fc.constantFrom('receipt', 'issue', 'transfer', 'opening'), fc.jsonValue()),
        reference: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
        occurredAt: fc.oneof(fc.date({ noInvalidDate: false }).map(String), fc.string()),
        lines: fc.array(
          fc.record(
            {
              sku: fc.oneof(fc.constant('BOLT'), fc.string({ unit: 'binary' })),
              location: fc.oneof(fc.constant('MAIN'), fc.string()),
              quantity: fc.oneof(fc.double(), fc.integer(), fc.jsonValue()),
              // Every line that could be posted carries a version no balance has.
              expectedVersion: fc.constant(1_000_000),
            },
            { requiredKeys: ['expectedVersion'] },
          ),
          { maxLength: 5 },
        ),
      },
      { requiredKeys: [] },
    ),
  );
  await fc.assert(
    fc.asyncProperty(anything, async (body) => {
      const answer = await acme.request('POST', '/v1/movements', JSON.stringify(body) ?? 'null');
      expect([400, 409, 422]).toContain(answer.status);
      expect(typeof answer.body.code).toBe('string');
    }),
    { numRuns: 300 },
  );
  expect((await acme.request('GET', '/v1/movements?limit=200')).body).toEqual(before.body);
});

test('whatever path and query come: never a 500', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('items', 'locations', 'entries', 'balances', 'movements'),
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.dictionary(
        fc.constantFrom('limit', 'cursor', 'sku', 'lot', 'asOf', 'basis', 'x'),
        fc.string({ unit: 'binary' }),
        {
          maxKeys: 3,
        },
      ),
      async (resource, segment, query) => {
        const path = `/v1/${resource}/${encodeURIComponent(segment.toWellFormed())}`;
        const search = new URLSearchParams(
          Object.entries(query).map(([key, value]): [string, string] => [key, value.toWellFormed()]),
        );
        const answers = [
          await acme.request('GET', path),
          await acme.request('GET', `/v1/${resource}?${search}`),
        ];
        for (const { status } of answers) expect([200, 400, 404]).toContain(status);
      },
    ),
    { numRuns: 150 },
  );
});
