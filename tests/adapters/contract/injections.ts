import type { Client } from 'pg';
import { expect, test } from 'vitest';
import { tenantPool } from '#tenancy/adapters/tenant-pool.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { keyEnvironment } from '#tests/prove/isolation/api.ts';
import { type Attack, type Way, waysOf } from '#tests/prove/isolation/injection/attack.ts';
import { allAttacks } from '#tests/prove/isolation/injection/attacks/all.ts';
import { endlessAttacks } from '#tests/prove/isolation/injection/attacks/endless.ts';
import { canary, forbiddenTexts, plantParties, targetOf } from '#tests/prove/isolation/injection/parties.ts';
import { digestStatement } from '#tests/prove/isolation/tenant-tables.ts';
import type { Victim } from '#tests/prove/isolation/victim.ts';
import { recordWire } from '#tests/wire/recorder.ts';
import type { AdaptedShop } from '../adapted-shop.ts';
import type { OpenedLibrary } from '../library.ts';

/** Left to `npm run prove:isolation`: what the catalogue offers besides the tables of the shop, and everything that waits. */
const elsewhere = /^call |\b(tenancy|inventory|recovery|schema)\.|^sleep|^a join/;
const ofTheShop = /\bshop\."(Item|_ItemToTag)"/;
/** `npm run test:adapters` sends every attack. The suite sends those on the tables, and some of the others. */
const oneOf = process.env.STOCKADE_TEST_ADAPTERS === 'all' ? 1 : 6;

const tenantOf = ({ apiKey }: Victim): Tenant => ({
  credentials: { key: parseApiKey(apiKey, keyEnvironment), selectors: [] },
  scope: 'write',
});

export function testInjections({ shop, library }: AdaptedShop): void {
  test('no statement that is injected sees or changes a row of another organization', async () => {
    const { superuser, role } = shop;
    // The application may do all that the API may do, so that nothing but the wall stops it.
    await superuser.query(grantLikeTheApi(role));
    await superuser.query(
      `alter role ${role} set statement_timeout = '500ms'; alter role ${role} set lock_timeout = '300ms'`,
    );
    await using opened = new AsyncDisposableStack();
    const wire = await recordWire(shop.unrecordedUrl, { keepAnswers: true });
    opened.defer(() => wire.close());
    const pool = new library.Pool({ connectionString: wire.through(shop.unrecordedUrl), max: 1 });
    opened.defer(() => pool.end());
    const client = library.open(tenantPool(pool));
    opened.defer(() => client.close());

    const { victim, attacker } = await plantParties(superuser);
    await superuser.query(`select shop.plant($1, $2), shop.plant($3, 'own')`, [
      victim.id,
      canary,
      attacker.id,
    ]);
    const digest = await digestStatement(superuser);
    const look = async () => (await superuser.query(digest, [victim.id])).rows;
    const before = await look();
    const forbidden = await forbiddenTexts(superuser, victim.id);

    const seen: string[] = [];
    const attacks = await attacksOn(superuser, victim, client);
    for (const attack of attacks) {
      for (const [way, inputs] of waysOf(attack, 'one each')) {
        wire.forget();
        await inject(client, tenantOf(attacker), way, inputs);
        const answers = wire.answers().toString('latin1');
        seen.push(
          ...forbidden.filter((text) => answers.includes(text)).map((text) => `${attack.name}: ${text}`),
        );
      }
    }
    expect(seen).toEqual([]);
    expect(await look()).toEqual(before);
    expect(attacks.length).toBeGreaterThan(oneOf === 1 ? 150 : 30);
  }, 180_000);
}

/**
 * Grants everything that stockade_api may do in this database. Membership would give the same, but in every database of
 * the server, where the isolation lint of other tests would find it.
 */
const grantLikeTheApi = (role: string) => `
  do $$
  declare
    v_grant text;
  begin
    for v_grant in
      select format('%s on schema %I', a.privilege_type, n.nspname)
      from pg_namespace n, aclexplode(n.nspacl) as a
      where a.grantee = 'stockade_api'::regrole
      union all
      select format('%s on table %s', a.privilege_type, c.oid::regclass)
      from pg_class c, aclexplode(c.relacl) as a
      where a.grantee = 'stockade_api'::regrole
      union all
      select format('%s (%I) on table %s', a.privilege_type, c.attname, c.attrelid::regclass)
      from pg_attribute c, aclexplode(c.attacl) as a
      where a.grantee = 'stockade_api'::regrole
      union all
      select format('%s on routine %s', a.privilege_type, p.oid::regprocedure)
      from pg_proc p, aclexplode(p.proacl) as a
      where a.grantee = 'stockade_api'::regrole
    loop
      execute format('grant %s to ${role}', v_grant);
    end loop;
  end
  $$`;

async function attacksOn(superuser: Client, victim: Victim, client: OpenedLibrary): Promise<Attack[]> {
  const { rows } = await superuser.query('select quote_ident(current_database()) as name');
  const target = await targetOf(superuser, rows[0].name, victim);
  const context = await client.inTenant(tenantOf(victim), 'read', (queries) =>
    queries.raw(`select current_setting('stockade.context') as context`),
  );
  const [genuine = ''] = /\w+\|[\w-]+\|key:[^"]+/.exec(JSON.stringify(context)) ?? [];
  const endless = new Set(endlessAttacks(target).map(({ name }) => name));
  const attacks = await allAttacks(superuser, target, { 'of an earlier transaction': genuine });
  return (
    attacks
      // The settings of an application's role are its own affair, and nobody puts them back.
      .filter(({ name, wholeServer }) => !endless.has(name) && !elsewhere.test(name) && !wholeServer)
      .filter(({ name }, n) => ofTheShop.test(name) || n % oneOf === 0)
  );
}

/** Runs an attack as an application would that concatenates SQL. */
async function inject(
  client: OpenedLibrary,
  tenant: Tenant,
  way: Way,
  inputs: readonly string[],
): Promise<void> {
  for (const input of inputs) {
    const visit = client.inTenant(tenant, 'write', async (queries) => {
      // The first statement of a transaction must be single: it travels together with the entering.
      if (way === 'several') await queries.raw('select');
      return await queries.raw(`select i."name" from shop."Item" i where i."id" = '${input}'`);
    });
    // Most attacks are refused. What counts is what the server answered.
    await visit.catch(() => {});
  }
}
