import { beforeAll, describe, expect, test } from 'vitest';
import { type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
const asOf = new Date(Date.now() + 60_000).toISOString();
let acme: Caller;

const places = ['MAIN', 'SHOP', 'YARD'];
/** Two such balances can be added up for one answer, three cannot. */
const long = 240_000;

beforeAll(async () => {
  acme = await world.createOrganization();
  for (const sku of ['BOLT', 'NUT']) await acme.item(sku);
  for (const code of places) await acme.location(code);
  const lines = places.flatMap((location) => ['BOLT', 'NUT'].map((sku) => ({ sku, location, quantity: 5 })));
  expect((await acme.request('POST', '/v1/movements', { kind: 'receipt', lines })).status).toBe(201);
  // So many movements take minutes to write. The length of a history is known from the version of its balance.
  const superuser = await world.superuser();
  await superuser.query(
    `update inventory.balances b set version = $2
     from inventory.items i where b.org_id = $1 and i.org_id = b.org_id and i.id = b.item_id and i.sku = 'BOLT'`,
    [acme.id, long],
  );
});

const ask = (path: string, query: Record<string, string>) =>
  acme.request('GET', `${path}?${new URLSearchParams(query)}`);

describe.each(['recorded', 'effective'])('a long history by the time that is %s', (basis) => {
  test.each([
    ['/v1/balances', {}],
    ['/v1/balances', { sku: 'BOLT' }],
    ['/v1/items/BOLT/balance', {}],
  ])('is refused as a whole, and the answer says how to ask: %s %j', async (path, query) => {
    const { status, body } = await ask(path, { ...query, asOf, basis });
    const refused = path === '/v1/balances' && !('sku' in query) ? 3 * long + 3 : 3 * long;
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'history_too_long', movements: refused });
    expect(body.detail).toMatch(
      /adds up at most 500000\. Ask in parts: with "sku" and "location", or .*"limit"/,
    );
  });

  test.each<Record<string, string>>([{ sku: 'BOLT', location: 'MAIN' }, { sku: 'NUT' }, { limit: '1' }])(
    'is answered in parts: %j',
    async (query) => {
      const { status, body } = await ask('/v1/balances', { ...query, asOf, basis });
      expect(status).toBe(200);
      expect(body.data[0]).toMatchObject({ onHand: 5, version: 1 });
    },
  );
});

test('a list in small parts is complete, and balances of a later time are left out of it', async () => {
  const early = new Date(Date.now() - 86_400_000).toISOString();
  const parts: unknown[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { status, body } = await ask('/v1/balances', {
      asOf: early,
      limit: '1',
      ...(cursor && { cursor }),
    });
    expect(status).toBe(200);
    expect(body.data).toEqual([]);
    parts.push(body);
    cursor = body.nextCursor;
  }
  expect(parts).toHaveLength(6);
});
