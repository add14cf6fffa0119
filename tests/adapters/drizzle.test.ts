import { asc, eq, relations, sql } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { pgSchema, text, timestamp } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { expect, test } from 'vitest';
import { inTenant } from '#tenancy/adapters/drizzle.ts';
import { tenantPool } from '#tenancy/adapters/tenant-pool.ts';
import { testAdapter } from './contract.ts';
import { type Queries, says } from './library.ts';

const shop = pgSchema('shop');
const itemKind = shop.enum('ItemKind', ['PART', 'BUNDLE']);
const items = shop.table('Item', {
  id: text().notNull(),
  name: text().notNull(),
  kind: itemKind().notNull().default('PART'),
  createdAt: timestamp('createdAt', { precision: 3 }).notNull().defaultNow(),
});
const tags = shop.table('Tag', { id: text().notNull(), label: text().notNull() });
const itemTags = shop.table('_ItemToTag', { itemId: text('A').notNull(), tagId: text('B').notNull() });
const schema = {
  items,
  tags,
  itemTags,
  itemRelations: relations(items, ({ many }) => ({ itemTags: many(itemTags) })),
  itemTagRelations: relations(itemTags, ({ one }) => ({
    item: one(items, { fields: [itemTags.itemId], references: [items.id] }),
    tag: one(tags, { fields: [itemTags.tagId], references: [tags.id] }),
  })),
};

const queriesOf = (
  db: Pick<NodePgDatabase<typeof schema>, 'select' | 'insert' | 'update' | 'execute' | 'query'>,
): Queries => ({
  names: async () => {
    const rows = await db.select({ name: items.name }).from(items).orderBy(asc(items.name));
    return rows.map(({ name }) => name);
  },
  nameOf: async (id) => (await db.query.items.findFirst({ where: eq(items.id, id) }))?.name,
  add: (id, name) => db.insert(items).values({ id, name }),
  rename: async (id, name) => (await db.update(items).set({ name }).where(eq(items.id, id))).rowCount ?? 0,
  tag: async (itemId, tagId) => {
    await db.insert(tags).values({ id: tagId, label: tagId });
    await db.insert(itemTags).values({ itemId, tagId });
  },
  labelsOf: async (itemId) => {
    const found = await db.query.items.findFirst({
      where: eq(items.id, itemId),
      with: { itemTags: { with: { tag: true } } },
    });
    return (found?.itemTags ?? []).map(({ tag }) => tag.label);
  },
  raw: (statement) => db.execute(sql.raw(statement)),
});

const adapted = testAdapter({
  Pool: pg.Pool,
  open: (pool) => {
    const db = drizzle({ client: pool, schema });
    return {
      inTenant: (tenant, mode, work) => inTenant(db, tenant, mode, (tx) => work(queriesOf(tx))),
      outside: queriesOf(db),
      close: async () => {},
    };
  },
  sqlstateOf: (error) => ((error as Error).cause as pg.DatabaseError | undefined)?.code,
});

function openDrizzle() {
  return drizzle({ client: tenantPool(adapted.open().pool), schema });
}

test('an own error rolls back to the savepoint of a nested transaction', async () => {
  const tenant = adapted.acme.tenant();
  const db = openDrizzle();
  const found = await inTenant(db, tenant, 'dry-run', async (tx) => {
    await tx.insert(items).values({ id: 'outer', name: 'outer' });
    const nested = tx.transaction(async (inner) => {
      await inner.insert(items).values({ id: 'inner', name: 'inner' });
      throw new Error('of the application');
    });
    await nested.catch(() => {});
    return await tx.query.items.findMany({
      columns: { id: true },
      where: (item, { ilike }) => ilike(item.id, '%er'),
    });
  });
  expect(found).toEqual([{ id: 'outer' }]);
});

test('a prepared statement runs without its name', async () => {
  const tenant = adapted.acme.tenant('read');
  const found = await inTenant(openDrizzle(), tenant, 'read', async (tx) => {
    const byId = tx
      .select({ id: items.id })
      .from(items)
      .where(eq(items.id, sql.placeholder('id')))
      .prepare('by_id');
    return [await byId.execute({ id: 'acme-1' }), await byId.execute({ id: 'globex-1' })];
  });
  expect(found).toEqual([[{ id: 'acme-1' }], []]);
});

test('a transaction outside is refused, and so is an isolation level', async () => {
  const db = openDrizzle();
  await expect(db.transaction((tx) => tx.select().from(items))).rejects.toSatisfy(
    says('outside of inTenant()'),
  );
  const serializable = {
    transaction: <T>(work: Parameters<typeof db.transaction<T>>[0]) =>
      db.transaction(work, { isolationLevel: 'serializable' }),
  };
  await expect(
    inTenant(serializable, adapted.acme.tenant(), 'read', (tx) => tx.select().from(items)),
  ).rejects.toSatisfy(says('inTenant() opens the transaction itself'));
});
