import type { Answer } from '../../caller.ts';
import { expectStatus, type Party } from './party.ts';
import type { Step } from './step.ts';

/** Until the plan of a statement within a function is the one for all values. */
const times = 6;

/** A step that is taken until its statements have the plans that they keep. */
function repeated(of: string, take: Step['take'], name = of): Step {
  return { of, name, times, take };
}

const line = (quantity: number, sku = 'S2', location = 'L2') => ({ sku, location, quantity });

async function post({ request }: Party, kind: string, ...lines: readonly object[]): Promise<Answer> {
  return expectStatus(201, await request('POST', '/v1/movements', { kind, lines }));
}

async function create({ request, unused }: Party, noun: 'items' | 'locations'): Promise<string> {
  const code = unused();
  const body = noun === 'items' ? { sku: code, name: code } : { code, name: code };
  expectStatus(201, await request('POST', `/v1/${noun}`, body));
  return code;
}

/** Reserves a line whose item is in stock, and answers the id. */
async function hold({ request }: Party, more: object = {}): Promise<string> {
  const body = { reference: 'CART', lines: [line(1), line(1, 'S1', 'L1')], ...more };
  return expectStatus(201, await request('POST', '/v1/reservations', body)).body.id;
}

async function createKey({ request }: Party): Promise<string> {
  const answer = await request('POST', '/v1/api-keys', { name: 'Till', scopes: ['read'] });
  return expectStatus(201, answer).body.id;
}

async function createOrganization({ asOperator, unused }: Party): Promise<string> {
  const slug = unused();
  expectStatus(201, await asOperator('POST', '/platform/organizations', { slug, name: slug }));
  return slug;
}

/** Every route that writes. */
export const writeSteps: readonly Step[] = [
  repeated('POST /v1/items', (party) => create(party, 'items')),
  repeated('PATCH /v1/items/{sku}', async ({ request, unused }) =>
    expectStatus(
      200,
      await request('PATCH', '/v1/items/S2', { name: 'Renamed', aliases: ['ALSO-2', unused()] }),
    ),
  ),
  repeated('DELETE /v1/items/{sku}', async (party) =>
    expectStatus(204, await party.request('DELETE', `/v1/items/${await create(party, 'items')}`)),
  ),
  repeated('POST /v1/locations', (party) => create(party, 'locations')),
  repeated('PATCH /v1/locations/{code}', async ({ request, unused }) =>
    expectStatus(
      200,
      await request('PATCH', '/v1/locations/L2', { name: 'Renamed', aliases: ['ALSO-2', unused()] }),
    ),
  ),
  repeated('DELETE /v1/locations/{code}', async (party) =>
    expectStatus(204, await party.request('DELETE', `/v1/locations/${await create(party, 'locations')}`)),
  ),
  repeated('POST /v1/movements', (party) => post(party, 'receipt', line(1), line(2, 'S1', 'L1'))),
  repeated(
    'POST /v1/movements',
    (party) => post(party, 'receipt', line(1, 'ALSO-2', 'ALSO-2')),
    'POST /v1/movements with aliases',
  ),
  repeated(
    'POST /v1/movements',
    async ({ request }) => {
      const { body } = await request('GET', '/v1/balances?sku=S2&location=L2');
      const expectedVersion = body.data[0].version;
      expectStatus(
        201,
        await request('POST', '/v1/movements', { kind: 'receipt', lines: [{ ...line(1), expectedVersion }] }),
      );
    },
    'POST /v1/movements with expectedVersion',
  ),
  repeated(
    'POST /v1/movements',
    async ({ request, unused }) => {
      const headers = { 'idempotency-key': unused() };
      const body = { kind: 'receipt', lines: [line(1)] };
      expectStatus(201, await request('POST', '/v1/movements', body, headers));
      expectStatus(201, await request('POST', '/v1/movements', body, headers));
    },
    'POST /v1/movements with an Idempotency-Key, and its repetition',
  ),
  repeated(
    'POST /v1/movements',
    async (party) => {
      const sku = await create(party, 'items');
      const issue = { kind: 'issue', lines: [line(-1, sku)] };
      expectStatus(409, await party.request('POST', '/v1/movements', issue));
    },
    'POST /v1/movements without enough stock',
  ),
  repeated(
    'POST /v1/movements',
    async ({ request }) =>
      expectStatus(
        422,
        await request('POST', '/v1/movements', { kind: 'receipt', lines: [line(1, 'NEVER')] }),
      ),
    'POST /v1/movements of an unknown item',
  ),
  repeated('POST /v1/movements:batch', async ({ request }) =>
    expectStatus(
      200,
      await request('POST', '/v1/movements:batch', {
        mode: 'each',
        entries: [line(1), line(2)].map((one) => ({ kind: 'receipt', lines: [one] })),
      }),
    ),
  ),
  repeated(
    'POST /v1/movements:batch',
    async ({ request }) =>
      expectStatus(
        200,
        await request('POST', '/v1/movements:batch', {
          mode: 'each',
          entries: [line(1), line(1, 'NEVER')].map((one) => ({ kind: 'receipt', lines: [one] })),
        }),
      ),
    'POST /v1/movements:batch with an entry that is refused',
  ),
  repeated('POST /v1/transfers', async ({ request }) =>
    expectStatus(
      201,
      await request('POST', '/v1/transfers', { from: 'L1', to: 'L2', lines: [{ sku: 'S1', quantity: 1 }] }),
    ),
  ),
  repeated('POST /v1/entries/{id}/reversal', async (party) => {
    const { entryId } = (await post(party, 'receipt', line(1))).body;
    expectStatus(201, await party.request('POST', `/v1/entries/${entryId}/reversal`, {}));
  }),
  repeated('POST /v1/reservations', async (party) => {
    await hold(party);
  }),
  repeated(
    'POST /v1/reservations',
    async (party) => {
      await hold(party, { partial: true });
    },
    'POST /v1/reservations in part',
  ),
  repeated(
    'POST /v1/reservations',
    async (party) => {
      const sku = await create(party, 'items');
      const answer = await party.request('POST', '/v1/reservations', { lines: [line(1, sku)] });
      expectStatus(409, answer);
    },
    'POST /v1/reservations without enough stock',
  ),
  repeated('GET /v1/reservations/{id}', async (party) =>
    expectStatus(200, await party.request('GET', `/v1/reservations/${await hold(party)}`)),
  ),
  repeated('PATCH /v1/reservations/{id}', async (party) =>
    expectStatus(
      200,
      await party.request('PATCH', `/v1/reservations/${await hold(party)}`, { expiresAt: null }),
    ),
  ),
  repeated('POST /v1/reservations/{id}/commit', async (party) => {
    const path = `/v1/reservations/${await hold(party)}/commit`;
    expectStatus(200, await party.request('POST', path, { lines: [line(0.5)] }));
    expectStatus(200, await party.request('POST', path, {}));
  }),
  repeated('POST /v1/reservations/{id}/release', async (party) => {
    const path = `/v1/reservations/${await hold(party)}/release`;
    expectStatus(200, await party.request('POST', path, { lines: [line(0.5)] }));
    expectStatus(200, await party.request('POST', path, {}));
  }),
  repeated('POST /v1/api-keys', createKey),
  repeated('DELETE /v1/api-keys/{id}', async (party) =>
    expectStatus(204, await party.request('DELETE', `/v1/api-keys/${await createKey(party)}`)),
  ),
  repeated('POST /v1/api-keys/{id}/rotation', async (party) =>
    expectStatus(201, await party.request('POST', `/v1/api-keys/${await createKey(party)}/rotation`, {})),
  ),
  repeated('POST /platform/organizations', createOrganization),
  repeated('POST /platform/organizations/{slug}/suspend', async (party) => {
    const path = `/platform/organizations/${await createOrganization(party)}/suspend`;
    expectStatus(200, await party.asOperator('POST', path, { reason: 'asked' }));
  }),
  repeated('POST /platform/organizations/{slug}/resume', async (party) => {
    const path = `/platform/organizations/${await createOrganization(party)}/resume`;
    expectStatus(200, await party.asOperator('POST', path));
  }),
];
