import { type TransactionOf, tenants } from '#tenancy/adapters/prisma.ts';
import { Prisma, PrismaClient, PrismaPg, pg } from '../../../.stockade/prisma/client.ts';
import type { Library, Queries } from '../library.ts';

export function openPrisma(pool: pg.Pool, options?: Pick<Prisma.PrismaClientOptions, 'transactionOptions'>) {
  return new PrismaClient({ adapter: new PrismaPg(pool), ...options }).$extends(tenants);
}

export type Client = ReturnType<typeof openPrisma>;
type Transaction = TransactionOf<Client>;

const queriesOf = (db: Transaction): Queries => ({
  names: async () => {
    const rows = await db.item.findMany({ select: { name: true }, orderBy: { name: 'asc' } });
    return rows.map(({ name }) => name);
  },
  nameOf: async (id) => (await db.item.findUnique({ where: { id } }))?.name,
  add: (id, name) => db.item.create({ data: { id, name } }),
  rename: async (id, name) => (await db.item.updateMany({ where: { id }, data: { name } })).count,
  tag: (itemId, tagId) =>
    db.tag.create({ data: { id: tagId, label: tagId, items: { connect: { id: itemId } } } }),
  labelsOf: async (itemId) => {
    const item = await db.item.findUnique({ where: { id: itemId }, include: { tags: true } });
    return (item?.tags ?? []).map(({ label }) => label);
  },
  raw: (text) => db.$queryRawUnsafe(text),
});

export const prisma: Library = {
  Pool: pg.Pool,
  open: (pool) => {
    const client = openPrisma(pool);
    return {
      inTenant: (tenant, mode, work) => client.$inTenant(tenant, mode, (tx) => work(queriesOf(tx))),
      outside: queriesOf(client),
      close: () => client.$disconnect(),
    };
  },
  sqlstateOf: (error) => {
    if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return (error as pg.DatabaseError).code;
    if (error.code === 'P2002') return '23505';
    if (error.code === 'P2003' || error.code === 'P2025') return '23503';
    return error.code;
  },
};
