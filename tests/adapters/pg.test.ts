import pg from 'pg';
import { expect, test } from 'vitest';
import { inTenant, type TenantClient, tenantPool } from '#tenancy/adapters/pg.ts';
import { testAdapter } from './contract.ts';
import type { Queries } from './library.ts';

const queriesOf = (client: TenantClient): Queries => ({
  names: async () => {
    const { rows } = await client.query<{ name: string }>('select name from shop."Item" order by name');
    return rows.map(({ name }) => name);
  },
  nameOf: async (id) => {
    const { rows } = await client.query<[string]>({
      text: 'select name from shop."Item" where id = $1',
      values: [id],
      rowMode: 'array',
    });
    return rows[0]?.[0];
  },
  add: (id, name) => client.query('insert into shop."Item" (id, name) values ($1, $2)', [id, name]),
  rename: async (id, name) =>
    (await client.query('update shop."Item" set name = $2 where id = $1', [id, name])).rowCount ?? 0,
  tag: async (itemId, tagId) => {
    await client.query('insert into shop."Tag" (id, label) values ($1, $1)', [tagId]);
    await client.query('insert into shop."_ItemToTag" ("A", "B") values ($1, $2)', [itemId, tagId]);
  },
  labelsOf: async (itemId) => {
    const { rows } = await client.query<{ label: string }>(
      'select t.label from shop."Tag" t join shop."_ItemToTag" j on j."B" = t.id where j."A" = $1',
      [itemId],
    );
    return rows.map(({ label }) => label);
  },
  raw: (text) => client.query(text),
});

const adapted = testAdapter({
  Pool: pg.Pool,
  open: (pool) => ({
    inTenant: (tenant, mode, work) => inTenant(pool, tenant, mode, (client) => work(queriesOf(client))),
    outside: queriesOf(pool as unknown as TenantClient),
    close: async () => {},
  }),
  sqlstateOf: (error) => (error as pg.DatabaseError).code,
});

test.each([false, true])(
  'nothing is stored behind a healed failure that nobody waited for (pipeline: %s)',
  async (pipeline) => {
    const { inTenant } = adapted.open({ pipeline } as pg.PoolConfig);
    const tenant = adapted.acme.tenant();
    const written = inTenant(tenant, 'write', async (queries) => {
      const sent = ['savepoint before', 'select 1 / 0', 'rollback to savepoint before'].map(queries.raw);
      for (const query of [...sent, queries.add('unawaited', 'unawaited')]) query.catch(() => {});
    });
    await expect(written).rejects.toMatchObject({ code: '22012' });
    expect(await inTenant(tenant, 'read', (queries) => queries.nameOf('unawaited'))).toBeUndefined();
  },
);

test.each([
  { place: 'first', before: [] },
  { place: 'later', before: ["insert into shop.\"Item\" (id, name) values ('before', 'before')"] },
])(
  'a value that cannot be sent fails the transaction, and leaves the connection whole: $place',
  async ({ before }) => {
    const pool = tenantPool(new pg.Pool({ connectionString: adapted.shop.url, max: 1 }));
    const tenant = adapted.acme.tenant();
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const failing = inTenant(pool, tenant, 'write', async (client) => {
      for (const text of before) await client.query(text);
      await client.query('select $1::jsonb', [circular]).catch(() => {});
      await client.query("insert into shop.\"Item\" (id, name) values ('behind', 'behind')");
    });
    await expect(failing).rejects.toThrow('circular');
    const { rows } = await inTenant(pool, tenant, 'read', (client) =>
      client.query("select id from shop.\"Item\" where id in ('before', 'behind')"),
    );
    expect(rows).toEqual([]);
    await pool.end();
  },
);

test.each([
  { form: 'after the values', args: ['select $1', [1], () => {}] },
  { form: 'after the text', args: ['select 1', () => {}] },
  { form: 'in the configuration', args: [{ text: 'select 1', callback: () => {} }] },
])('a callback $form is refused, and not left waiting', async ({ args }) => {
  const pool = tenantPool(new pg.Pool({ connectionString: adapted.shop.url, max: 1 }));
  const asked = inTenant(pool, adapted.acme.tenant(), 'read', (client) =>
    (client.query as (...args: unknown[]) => Promise<unknown>)(...args),
  );
  await expect(asked).rejects.toThrow('has no callbacks');
  await pool.end();
});
