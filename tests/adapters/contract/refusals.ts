import { expect, test } from 'vitest';
import { OutcomeUnknown, Problem, Unavailable } from '#platform/errors.ts';
import { createApiKey } from '#tenancy/credentials/api-keys.ts';
import { resumeOrganization, suspendOrganization } from '#tenancy/suspension.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { commitMarks, openRelay } from '#tests/prove/faults/relay.ts';
import type { AdaptedShop } from '../adapted-shop.ts';
import type { Queries } from '../library.ts';
import { says } from '../library.ts';

export function testRefusals(adapted: AdaptedShop): void {
  const names = (queries: Queries) => queries.names();
  const visit = (tenant: Tenant, work: (queries: Queries) => Promise<unknown> = names) =>
    adapted.opened.inTenant(tenant, 'write', work);

  test.each<[string, () => Tenant, object]>([
    [
      'a key that nobody knows',
      () => ({
        credentials: { key: { kind: 'key', ...createApiKey('test') }, selectors: [] },
        scope: 'read',
      }),
      { name: 'Unauthenticated', code: 'invalid_credentials', status: 401 },
    ],
    [
      'a forged pass',
      () => ({
        credentials: {
          user: { pass: `1|9999999999|a@b|${'0'.repeat(64)}`, email: 'a@b', subject: undefined },
          selectors: ['acme'],
        },
        scope: 'read',
      }),
      { name: 'Unauthenticated', code: 'invalid_credentials' },
    ],
    [
      'a key of another organization than the one that is named',
      () => adapted.acme.tenant('read', 'globex'),
      { name: 'Problem', code: 'organization_mismatch', status: 403 },
    ],
    [
      'a user of another organization than the one that is named',
      () => ({
        ...adapted.acme.user(),
        credentials: { ...adapted.acme.user().credentials, selectors: ['globex'] },
      }),
      { name: 'Problem', code: 'organization_mismatch' },
    ],
    [
      'a user without the scope',
      () => adapted.acme.user('admin'),
      { code: 'insufficient_scope', status: 403 },
    ],
  ])('%s is refused as by the API', async (_, tenant, refusal) => {
    await expect(visit(tenant())).rejects.toMatchObject(refusal);
    await expect(visit(tenant(), async () => 'no query')).rejects.toMatchObject(refusal);
    await expect(visit(tenant())).rejects.toThrow(Problem);
  });

  test('a suspended organization is refused from its next transaction on', async () => {
    const { shop, opened } = adapted;
    const initech = await shop.organization('initech');
    const suspended = { code: 'organization_suspended', status: 403 };
    await opened.inTenant(initech.tenant(), 'read', async (queries) => {
      await queries.names();
      await suspendOrganization(shop.admin, 'initech');
      expect(await queries.names()).toHaveLength(2);
    });
    for (const tenant of [initech.tenant(), initech.user()]) {
      await expect(visit(tenant)).rejects.toMatchObject(suspended);
    }
    await resumeOrganization(shop.admin, 'initech');
    expect(await visit(initech.tenant())).toHaveLength(2);
  });

  test('more transactions at once than an organization may have are refused', async () => {
    const { shop, opened } = adapted;
    const hooli = await shop.organization('hooli');
    await shop.admin.query(`update tenancy.organizations set max_concurrency = 1 where slug = 'hooli'`);
    await opened.inTenant(hooli.tenant(), 'read', async (queries) => {
      await queries.names();
      await expect(visit(hooli.tenant())).rejects.toMatchObject({ code: 'too_many_requests', status: 429 });
    });
    expect(await visit(hooli.tenant())).toHaveLength(2);
  });

  test('the use of a key is noted', async () => {
    const umbrella = await adapted.shop.organization('umbrella');
    await visit(umbrella.tenant());
    const { rows } = await adapted.shop.superuser.query(
      'select last_used_at is not null as "isNoted" from tenancy.api_keys where org_id = $1',
      [umbrella.id],
    );
    expect(rows).toEqual([{ isNoted: true }]);
  });

  test('a database that does not answer is unavailable', async () => {
    const { inTenant } = adapted.open({ connectionString: 'postgres://nobody:x@127.0.0.1:1/nothing' });
    await expect(inTenant(adapted.acme.tenant(), 'read', names)).rejects.toThrow(Unavailable);
  });

  test('a connection that is lost on the way is unavailable', async () => {
    const visited = visit(adapted.acme.tenant(), async (queries) => {
      await queries.names();
      await adapted.shop.superuser.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and state like 'idle in transaction'`,
        [adapted.shop.role],
      );
      return await queries.names();
    });
    await expect(visited).rejects.toThrow(Unavailable);
    expect(await visit(adapted.acme.tenant())).toContain('acme-1');
  });

  test.each([
    ['before', 0],
    ['answer', 1],
  ] as const)(
    'a connection that is lost at COMMIT (%s) leaves a write unknown, and no read',
    async (at, stored) => {
      const { shop, acme, open } = adapted;
      const relay = await openRelay(shop.url, commitMarks);
      try {
        const { inTenant, pool } = open({ connectionString: relay.through(shop.url) });
        relay.follow({ how: 'cut', at: [at], every: 1 });
        const id = `unknown-${at}`;
        const writing = inTenant(acme.tenant(), 'write', (queries) => queries.add(id, id));
        await expect(writing).rejects.toThrow(OutcomeUnknown);
        const { rowCount } = await shop.superuser.query('delete from shop."Item" where id = $1', [id]);
        expect(rowCount).toBe(stored);
        const reading = inTenant(acme.tenant(), 'read', names).catch((error: unknown) => error);
        expect(await reading).toBeInstanceOf(Unavailable);
        expect(await reading).not.toBeInstanceOf(OutcomeUnknown);
        expect(pool.totalCount).toBe(0);
      } finally {
        await relay.close();
      }
    },
  );

  test('the limits of the role hold', async () => {
    const { shop, acme, open } = adapted;
    await shop.superuser.query(`alter role ${shop.role} set statement_timeout = '50ms'`);
    const { inTenant } = open();
    await expect(
      inTenant(acme.tenant(), 'read', (queries) => queries.raw('select pg_sleep(10)')),
    ).rejects.toSatisfy(says(/statement timeout/));
    await shop.superuser.query(`alter role ${shop.role} set statement_timeout = '15s'`);
  });

  test('a client that takes its connections elsewhere is refused, and gives them back', async () => {
    const pool = new adapted.library.Pool({ connectionString: adapted.shop.url });
    const { inTenant, close } = adapted.library.open(pool);
    await expect(inTenant(adapted.acme.tenant(), 'read', names)).rejects.toThrow(
      'inTenant() was given a client that takes no connection of a tenantPool()',
    );
    expect(pool.idleCount).toBe(pool.totalCount);
    await close();
    await pool.end();
  });
}
