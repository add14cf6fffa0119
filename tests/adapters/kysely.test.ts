import { CompiledQuery, type Generated, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { inTenant } from '#tenancy/adapters/kysely.ts';
import { testAdapter } from './contract.ts';
import type { Queries } from './library.ts';

interface Tables {
  Item: { id: string; name: string; kind: Generated<'PART' | 'BUNDLE'>; createdAt: Generated<Date> };
  Tag: { id: string; label: string };
  _ItemToTag: { A: string; B: string };
}

const queriesOf = (outer: Kysely<Tables>): Queries => {
  const db = outer.withSchema('shop');
  return {
    names: async () => {
      const rows = await db.selectFrom('Item').select('name').orderBy('name').execute();
      return rows.map(({ name }) => name);
    },
    nameOf: async (id) =>
      (await db.selectFrom('Item').select('name').where('id', '=', id).executeTakeFirst())?.name,
    add: (id, name) => db.insertInto('Item').values({ id, name }).execute(),
    rename: async (id, name) => {
      const { numUpdatedRows } = await db
        .updateTable('Item')
        .set({ name })
        .where('id', '=', id)
        .executeTakeFirst();
      return Number(numUpdatedRows);
    },
    tag: async (itemId, tagId) => {
      await db.insertInto('Tag').values({ id: tagId, label: tagId }).execute();
      await db.insertInto('_ItemToTag').values({ A: itemId, B: tagId }).execute();
    },
    labelsOf: async (itemId) => {
      const rows = await db
        .selectFrom('Tag')
        .innerJoin('_ItemToTag', '_ItemToTag.B', 'Tag.id')
        .select('label')
        .where('_ItemToTag.A', '=', itemId)
        .execute();
      return rows.map(({ label }) => label);
    },
    raw: async (text) => (await outer.executeQuery(CompiledQuery.raw(text))).rows,
  };
};

testAdapter({
  Pool: pg.Pool,
  open: (pool) => {
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
    return {
      inTenant: (tenant, mode, work) => inTenant(db, tenant, mode, (trx) => work(queriesOf(trx))),
      outside: queriesOf(db),
      close: async () => {},
    };
  },
  sqlstateOf: (error) => (error as pg.DatabaseError).code,
});
