import { expect, test } from 'vitest';
import type { AdaptedShop } from '../adapted-shop.ts';
import { says } from '../library.ts';

export function testIsolation(adapted: AdaptedShop): void {
  const rows = `select "id" from shop."Item"`;
  const outside = 'this query runs outside of inTenant(), where it would see no row';

  test('the application has a login role of its own, which the wall holds for', async () => {
    const { rows } = await adapted.shop.superuser.query(
      `select rolsuper, rolbypassrls, rolcanlogin, pg_has_role(oid, 'stockade_owner', 'member') as "isOwner"
       from pg_roles where rolname = $1`,
      [adapted.shop.role],
    );
    expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, rolcanlogin: true, isOwner: false }]);
  });

  test.each(['key', 'user'] as const)(
    'with a %s, queries see the rows of one organization',
    async (credential) => {
      for (const organization of [adapted.acme, adapted.globex]) {
        const tenant = credential === 'key' ? organization.tenant('read') : organization.user('read');
        const { slug } = organization;
        const seen = await adapted.opened.inTenant(tenant, 'read', async (queries) => [
          await queries.names(),
          await queries.nameOf(`${slug}-1`),
          await queries.labelsOf(`${slug}-1`),
          await queries.nameOf('nothing'),
        ]);
        expect(seen).toEqual([[`${slug}-1`, `${slug}-2`], `${slug}-1`, [`${slug}-tag`], undefined]);
      }
    },
  );

  test('ids of another organization are ids of nothing', async () => {
    const { acme, globex, opened } = adapted;
    const seen = await opened.inTenant(acme.tenant(), 'write', async (queries) => [
      await queries.nameOf('globex-1'),
      await queries.labelsOf('globex-1'),
      await queries.rename('globex-1', 'taken'),
    ]);
    expect(seen).toEqual([undefined, [], 0]);
    // The database cannot tell it from the id of an item that never was.
    await expect(
      opened.inTenant(acme.tenant(), 'write', (queries) => queries.tag('globex-1', 'x')),
    ).rejects.toSatisfy((error) => adapted.library.sqlstateOf(error) === '23503');
    expect(await opened.inTenant(globex.tenant(), 'read', (queries) => queries.names())).toEqual([
      'globex-1',
      'globex-2',
    ]);
  });

  test('a row cannot be written for another organization', async () => {
    const { acme, globex, opened } = adapted;
    const values = `(org_id, "id", "name") values ('${globex.id}', 'x', 'x')`;
    await expect(
      opened.inTenant(acme.tenant(), 'write', (queries) => queries.raw(`insert into shop."Item" ${values}`)),
    ).rejects.toSatisfy(says(/row-level security/));
    expect(await opened.inTenant(globex.tenant(), 'read', (queries) => queries.nameOf('x'))).toBeUndefined();
  });

  test('a query outside is refused, also inside the callback, and with an error that says why', async () => {
    const { outside: queries, inTenant } = adapted.opened;
    for (const ask of [queries.names, () => queries.nameOf('acme-1'), () => queries.raw(rows)]) {
      await expect(ask()).rejects.toSatisfy(says(outside));
    }
    const inside = inTenant(adapted.acme.tenant(), 'read', async (handle) => {
      await expect(queries.names()).rejects.toSatisfy(says(outside));
      return await handle.names();
    });
    expect(await inside).toHaveLength(2);
  });

  test('the next user of the connection sees no row, whatever happened before', async () => {
    const { acme } = adapted;
    const { inTenant, pool } = adapted.open({ max: 1 });
    const uses = [
      () => inTenant(acme.tenant(), 'write', (queries) => queries.names()),
      () => inTenant(acme.tenant(), 'dry-run', (queries) => queries.rename('acme-1', 'x')),
      () => inTenant(acme.tenant(), 'write', (queries) => queries.raw('select 1 / 0')),
      () =>
        inTenant(acme.tenant(), 'write', async (queries) => {
          await queries.names();
          throw new Error('of the application');
        }),
    ];
    for (const use of uses) {
      await use().catch(() => {});
      const { rowCount } = await pool.query(rows);
      expect(rowCount).toBe(0);
      const context = await pool.query(`select current_setting('stockade.context', true) as context`);
      expect(context.rows).toEqual([{ context: expect.toSatisfy((value) => !value) }]);
    }
  });

  test('organizations that use one pool at the same time see their own rows only', async () => {
    const { acme, globex } = adapted;
    const { inTenant } = adapted.open({ max: 3 });
    const visits = Array.from({ length: 40 }, async (_, n) => {
      const organization = n % 2 ? acme : globex;
      const tenant = n % 4 < 2 ? organization.tenant('read') : organization.user('read');
      return await inTenant(tenant, 'read', async (queries) => {
        const names = [await queries.names(), await queries.names()];
        return names.flat().every((name) => name.startsWith(organization.slug)) && names.flat().length === 4;
      });
    });
    expect(await Promise.all(visits)).toEqual(Array(40).fill(true));
  });

  test('inside the callback another organization can be entered, in a transaction of its own', async () => {
    const { acme, globex, opened } = adapted;
    const seen = await opened.inTenant(acme.tenant('read'), 'read', async (outer) => [
      await opened.inTenant(globex.tenant('read'), 'read', (inner) => inner.names()),
      await outer.names(),
    ]);
    expect(seen).toEqual([
      ['globex-1', 'globex-2'],
      ['acme-1', 'acme-2'],
    ]);
  });
}
