import { expect, inject, test } from 'vitest';
import { asSuperuser, cloneDatabase } from '../prove/clone.ts';
import type { Mutant } from '../prove/isolation/mutants/mutant.ts';
import { allMutants, type Killer, scoreMutants } from '../prove/isolation/mutants/score.ts';
import { probePrivileges } from '../prove/isolation/probes/privileges.ts';
import { probe } from '../prove/isolation/probes/probes.ts';

/** One of each kind that is noticed soon; `npm run prove:isolation` takes away every stone. */
const sample = new Set([
  'tenant on inventory.balances',
  'inventory.movements',
  'enable_indexscan=on of inventory.get_item(text)',
  'balances_org_id_item_id_fkey on inventory.balances',
  'select on tenancy.pass_keys to stockade_api',
  'update on inventory.balances to stockade_jobs',
  'delete on inventory.movements to stockade_api',
  'tenancy.sign_context(uuid,text,text[],integer) to stockade_api',
  'append_only on inventory.entries',
  'inventory.items.sku',
  'TEMPORARY to everybody',
  'the MAC, in tenancy.current_org()',
  'the MAC, in tenancy.email_of_pass(text)',
  'm.org_id = v_org_id (4), in inventory.reverse_entry(uuid,text,jsonb)',
  'tenancy.rotate_context_key() to public',
  'the status, in tenancy.enter_with_key(text,bytea,text,text[],boolean)',
  'movements_quantity_check_number on inventory.movements',
  'the greatest, in inventory.is_exact(numeric)',
]);

const score = (only: (mutant: Mutant) => boolean, by?: readonly Killer[]) =>
  scoreMutants(inject('clusterUrl'), inject('templateDatabase'), { only, ...(by ? { by } : {}) });

test('on the wall as it is nobody notices anything', async () => {
  await using clone = await cloneDatabase(inject('clusterUrl'), inject('templateDatabase'));
  expect(await asSuperuser(clone.url, probePrivileges)).toEqual([]);
  expect(await probe(clone.url)).toEqual([]);
});

test('whichever stone of a sample is taken out of the wall, somebody notices', async () => {
  const outcomes = await score(({ name }) => sample.has(name));
  expect(new Set(outcomes.map(({ mutant }) => mutant.name))).toEqual(sample);
  expect(outcomes.filter(({ killer }) => killer === undefined)).toEqual([]);
}, 120_000);

test('what only acts notices missing policies without being told what a policy is', async () => {
  const outcomes = await score(
    ({ kind, name }) => kind === 'row-level security disabled' && name === 'inventory.items',
    ['injection'],
  );
  expect(outcomes.map(({ killer }) => killer)).toEqual(['injection']);
}, 120_000);

test('a stone that nobody is asked about is a survivor, by its name', async () => {
  const outcomes = await score(({ name }) => name === 'TEMPORARY to everybody', []);
  expect(outcomes).toMatchObject([{ mutant: { name: 'TEMPORARY to everybody' } }]);
  expect(outcomes[0]?.killer).toBeUndefined();
});

test('every policy, every table with row-level security and every foreign key has its mutant', async () => {
  const url = new URL(inject('clusterUrl'));
  url.pathname = inject('templateDatabase');
  await asSuperuser(url.href, async (superuser) => {
    const mutants = await allMutants(superuser);
    const count = async (from: string) => (await superuser.query(`select from ${from}`)).rowCount;
    const of = (kind: string) => mutants.filter((mutant) => mutant.kind === kind).length;
    expect(of('policy dropped')).toBe(await count('pg_policy'));
    expect(of('row-level security not forced')).toBe(await count('pg_class where relforcerowsecurity'));
    expect(of('foreign key dropped')).toBe(await count(`pg_constraint where contype = 'f'`));
    expect(of('limit dropped')).toBe(
      await count(
        `pg_constraint where contype = 'c' and connamespace in ('tenancy'::regnamespace, 'inventory'::regnamespace, 'recovery'::regnamespace)`,
      ),
    );
    expect(of('trigger disabled')).toBe(await count('pg_trigger where not tgisinternal'));
  });
});
