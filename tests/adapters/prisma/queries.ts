import { expect, test } from 'vitest';
import { tenantPool } from '#tenancy/adapters/tenant-pool.ts';
import { Prisma } from '../../../.stockade/prisma/client.ts';
import type { AdaptedShop } from '../adapted-shop.ts';
import { says } from '../library.ts';
import { type Client, openPrisma } from './library.ts';

export { prisma } from './library.ts';

/** What Prisma can do besides what every library can. */
export function testQueries(adapted: AdaptedShop): void {
  const open = (): Client => openPrisma(tenantPool(adapted.open().pool));

  test('nested writes, relations, enums, decimals and raw queries work', async () => {
    const prisma = open();
    const found = await prisma.$inTenant(adapted.acme.tenant(), 'dry-run', async (tx) => {
      await tx.item.create({
        data: {
          id: 'kit',
          name: 'Kit',
          kind: 'BUNDLE',
          unitPrice: '1.5',
          tags: { create: { id: 'new', label: 'New' } },
        },
      });
      await tx.item.update({ where: { id: 'kit' }, data: { tags: { connect: { id: 'acme-tag' } } } });
      const kit = await tx.item.findFirst({
        where: { kind: 'BUNDLE' },
        include: { tags: { orderBy: { id: 'asc' } } },
      });
      const [counted] = await tx.$queryRaw<
        { n: bigint }[]
      >`select count(*) as n from shop."Item" where name like ${'acme-%'}`;
      const grouped = await tx.item.groupBy({ by: ['kind'], _count: true, orderBy: { kind: 'asc' } });
      return [kit?.tags.map(({ label }) => label), kit?.unitPrice.toFixed(1), counted?.n, grouped.length];
    });
    expect(found).toEqual([['acme-tag', 'New'], '1.5', 2n, 2]);
  });

  test('findUnique calls of one tick travel as one query, and see their own organization', async () => {
    const prisma = open();
    const names = await prisma.$inTenant(adapted.acme.tenant('read'), 'read', (tx) =>
      Promise.all(['acme-1', 'globex-1', 'acme-2'].map((id) => tx.item.findUnique({ where: { id } }))),
    );
    expect(names.map((item) => item?.name)).toEqual(['acme-1', undefined, 'acme-2']);
  });

  test('an upsert on a key that does not name the organization is refused by the database', async () => {
    const data = { id: 'acme-1', name: 'acme-1' };
    await expect(
      open().$inTenant(adapted.acme.tenant(), 'write', (tx) =>
        tx.item.upsert({ where: { id: 'acme-1' }, create: data, update: data }),
      ),
    ).rejects.toSatisfy(says(/ON CONFLICT|42P10/));
  });

  test('transactions outside are refused, and so is an isolation level', async () => {
    const prisma = open();
    const outside = says('outside of inTenant()');
    await expect(prisma.$transaction([prisma.item.count(), prisma.tag.count()])).rejects.toSatisfy(outside);
    await expect(prisma.$transaction((tx) => tx.item.count())).rejects.toSatisfy(outside);
    const serializable = openPrisma(tenantPool(adapted.open().pool), {
      transactionOptions: { isolationLevel: Prisma.TransactionIsolationLevel.Serializable },
    });
    await expect(
      serializable.$inTenant(adapted.acme.tenant(), 'read', (tx) => tx.item.count()),
    ).rejects.toSatisfy(says('inTenant() opens the transaction itself'));
  });

  test('what takes longer than the timeout of Prisma stores nothing, and gives its connection back', async () => {
    const { pool } = adapted.open();
    const prisma = openPrisma(tenantPool(pool));
    const late = prisma.$inTenant(
      adapted.acme.tenant(),
      'write',
      async (tx) => {
        await tx.item.create({ data: { id: 'slow', name: 'slow' } });
        for (;;) await tx.item.count();
      },
      { timeout: 200 },
    );
    await expect(late).rejects.toMatchObject({ code: 'P2028' });
    expect(
      await prisma.$inTenant(adapted.acme.tenant(), 'read', (tx) =>
        tx.item.findUnique({ where: { id: 'slow' } }),
      ),
    ).toBeNull();
    expect(pool.idleCount).toBe(pool.totalCount);
  });
}
