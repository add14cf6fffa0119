import type { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
let acme: Caller;
let admin: Client;
let superuser: Client;

beforeAll(async () => {
  acme = await world.createOrganization();
  await world.join('ada@example.com', acme);
  admin = await world.connect('stockade_admin');
  superuser = await world.superuser();
});

async function rotate(): Promise<string> {
  const { rows } = await admin.query<{ id: string }>('select tenancy.rotate_context_key() as id');
  return rows[0]?.id ?? '';
}

async function keyIds(): Promise<string[]> {
  const { rows } = await superuser.query<{ id: string }>(
    'select id from tenancy.context_keys order by id::bigint',
  );
  return rows.map(({ id }) => id);
}

/** Moves the time at which the keys in use no more were replaced. */
async function age(interval: string): Promise<void> {
  await superuser.query(
    'update tenancy.context_keys set created_at = created_at - $1::interval where not active',
    [interval],
  );
}

/** A transaction of the API that has entered; what it answers is the organization it is in. */
async function entered(): Promise<{ organization(): Promise<string>; end(): Promise<void> }> {
  const client = await world.connect('stockade_api');
  const key = parseApiKey(acme.apiKey, 'test');
  await client.query('begin');
  await client.query('call tenancy.enter_with_key($1, $2, $3, $4)', [
    key?.keyId,
    key?.secretDigest,
    'read',
    [],
  ]);
  return {
    async organization() {
      const { rows } = await client.query<{ id: string }>('select tenancy.current_org() as id');
      return rows.map(({ id }) => id).join();
    },
    async end() {
      await client.query('rollback');
      await client.end();
    },
  };
}

test('rotations fail no request, whatever it enters with and whether it reads or writes', async () => {
  const authorization = `Bearer ${await world.token('ada@example.com')}`;
  const post = (sku: string, headers: Record<string, string>) =>
    world.request('POST', '/v1/items', { sku, name: sku }, headers);
  const key = { 'x-api-key': acme.apiKey };
  const ways = [
    () => world.request('GET', '/v1/items', undefined, key),
    () => world.request('GET', '/v1/organization', undefined, { authorization }),
    () => world.request('GET', '/v1/balances', undefined, { ...key, authorization }),
    (n: number) => post(`KEY-${n}`, key),
    (n: number) => post(`TOKEN-${n}`, { authorization }),
  ];
  const statuses: number[] = [];
  let isOver = false;
  const callers = ways.map(async (ask) => {
    for (let n = 0; !isOver; n += 1) statuses.push((await ask(n)).status);
  });
  const keys = await keyIds();
  for (let n = 0; n < 20; n += 1) {
    const answered = statuses.length;
    keys.push(await rotate());
    // Requests have come and gone with this key before the next one is made.
    await expect.poll(() => statuses.length, { timeout: 10_000, interval: 5 }).toBeGreaterThan(answered + 5);
  }
  isOver = true;
  await Promise.all(callers);
  expect(new Set(statuses)).toEqual(new Set([200, 201]));
  expect(await keyIds()).toEqual(keys);
}, 60_000);

test('a transaction that entered before a rotation stays where it is, and new ones are signed with the new key', async () => {
  const before = await entered();
  await rotate();
  const after = await entered();
  await rotate();
  expect([await before.organization(), await after.organization()]).toEqual([acme.id, acme.id]);
  await Promise.all([before.end(), after.end()]);
});

test('a key is kept for a day after it was replaced, and then nothing that it has signed is good', async () => {
  const transaction = await entered();
  const replaced = (await keyIds()).at(-1);
  await rotate();
  await age('23 hours 59 minutes');
  await rotate();
  expect(await keyIds()).toContain(replaced);
  expect(await transaction.organization()).toBe(acme.id);

  await age('2 minutes');
  const newest = await rotate();
  // The one that was in use until now, and the one that was before it, which only two minutes have passed for.
  expect(await keyIds()).toEqual([String(Number(newest) - 2), String(Number(newest) - 1), newest]);
  await expect(transaction.organization()).rejects.toMatchObject({ code: 'SK901' });
  await transaction.end();
  expect((await acme.request('GET', '/v1/organization')).status).toBe(200);
});
