import type { Client } from 'pg';
import { brokenRules, type Expectation } from './probe.ts';

/** Tries what nobody may do to the ledger, not even its owner. The transaction of `superuser` is rolled back. */
export async function probeLedger(superuser: Client): Promise<string[]> {
  const [ours, other] = [
    await organization(superuser, 'ledger-ours'),
    await organization(superuser, 'ledger-other'),
  ];
  await superuser.query('select tenancy.enter_as_job($1)', [ours]);
  const pointing = await brokenRules(superuser, await pointersAcross(superuser, ours, other));
  const ambiguous = await brokenRules(superuser, [
    ...codesApart(ours, 'item', 'sku'),
    ...codesApart(ours, 'location', 'code'),
  ]);
  await superuser.query('set local role stockade_owner');
  const unchangeable = await brokenRules(superuser, [
    ...['update inventory.movements set quantity = 1', 'update inventory.entries set reference = null'].map(
      refused,
    ),
    ...['delete from inventory.movements', 'delete from inventory.entries'].map(refused),
    ...['truncate inventory.movements', 'truncate inventory.movements, inventory.entries cascade'].map(
      refused,
    ),
  ]);
  await superuser.query('set local role stockade_jobs');
  const posting = await brokenRules(superuser, [
    {
      rule: 'a movement of the ledger keeps its balance',
      statement: `do $$ begin
        perform inventory.post_entry('{"kind":"receipt","lines":[{"sku":"A","location":"L","quantity":3}]}');
        if (select sum(on_hand) from inventory.balances) is distinct from 8 then
          raise 'the balance differs' using errcode = 'SK999';
        end if;
      end $$`,
      outcome: 'ok',
    },
    {
      rule: 'an issue of more than is available',
      statement: `select inventory.post_entry('{"kind":"issue","lines":[{"sku":"A","location":"L","quantity":-9}]}')`,
      outcome: 'SK201',
    },
  ]);
  await superuser.query('reset role');
  return [...pointing, ...ambiguous, ...unchangeable, ...posting];
}

/** A code names one item or location, however the second name comes about. */
function codesApart(ours: string, kind: 'item' | 'location', code: 'sku' | 'code'): Expectation[] {
  const insertAlias = (alias: string) =>
    `insert into inventory.${kind}_aliases (org_id, alias, ${kind}_id)
     select org_id, ${alias}, id from inventory.${kind}s where org_id = '${ours}'`;
  const afterAlias = (rule: string, statement: string): Expectation => ({
    rule,
    statement: `do $$ begin ${insertAlias(`'B'`)}; ${statement}; end $$`,
    outcome: 'SK206',
  });
  return [
    { rule: `an alias that is the ${code} of its ${kind}`, statement: insertAlias(code), outcome: 'SK206' },
    afterAlias(
      `a new ${kind} whose ${code} is an alias`,
      `insert into inventory.${kind}s (org_id, ${code}, name) values ('${ours}', 'B', 'B')`,
    ),
    afterAlias(
      `an alias that becomes the ${code} of its ${kind}`,
      `update inventory.${kind}s set ${code} = 'B' where org_id = '${ours}'`,
    ),
  ];
}

const refused = (statement: string): Expectation => ({ rule: statement, statement, outcome: 'SK903' });

async function organization(superuser: Client, slug: string): Promise<string> {
  const { rows } = await superuser.query<{ id: string }>(
    'insert into tenancy.organizations (slug, name) values ($1, $1) returning id',
    [slug],
  );
  const id = rows[0]?.id ?? '';
  await superuser.query('select tenancy.enter_as_job($1)', [id]);
  await superuser.query(`select inventory.create_item('{"sku":"A","name":"A"}')`);
  await superuser.query(`select inventory.create_location('{"code":"L","name":"L"}')`);
  await superuser.query(
    `select inventory.post_entry('{"kind":"receipt","lines":[{"sku":"A","location":"L","quantity":5}]}')`,
  );
  await superuser.query(`select set_config('stockade.context', '', true)`);
  return id;
}

/** For every foreign key, a row of ours that references a row of the other organization. */
async function pointersAcross(superuser: Client, ours: string, other: string): Promise<Expectation[]> {
  const idOf = async (table: string) =>
    (await superuser.query<{ id: string }>(`select id from ${table} where org_id = $1`, [other])).rows[0]
      ?.id ?? '';
  const [item, location, entry] = [
    await idOf('inventory.items'),
    await idOf('inventory.locations'),
    await idOf('inventory.entries'),
  ];
  const pointer = (rule: string, statement: string): Expectation => ({
    rule: `${rule} of another organization`,
    statement,
    outcome: '23503',
  });
  return [
    pointer(
      'a balance of an item',
      `insert into inventory.balances (org_id, item_id, location_id, lot, version)
       select org_id, '${item}', id, '', 0 from inventory.locations where org_id = '${ours}'`,
    ),
    pointer(
      'a balance at a location',
      `insert into inventory.balances (org_id, item_id, location_id, lot, version)
       select org_id, id, '${location}', '', 0 from inventory.items where org_id = '${ours}'`,
    ),
    pointer(
      'an alias of an item',
      `insert into inventory.item_aliases (org_id, alias, item_id) values ('${ours}', 'Z', '${item}')`,
    ),
    pointer(
      'an alias of a location',
      `insert into inventory.location_aliases (org_id, alias, location_id) values ('${ours}', 'Z', '${location}')`,
    ),
    pointer(
      'a movement of an entry',
      `insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
       select i.org_id, '${entry}', 9, i.id, l.id, '', 1, now(), now()
       from inventory.items i join inventory.locations l using (org_id) where org_id = '${ours}'`,
    ),
    pointer(
      'a reversal of an entry',
      `insert into inventory.entries (org_id, id, kind, occurred_at, recorded_at, actor, reverses)
       values ('${ours}', inventory.new_id(), 'reversal', now(), now(), 'x', '${entry}')`,
    ),
    pointer(
      'a reject of an import',
      `with theirs as (
         insert into inventory.imports (org_id, file_digest, profile_digest, file_name)
         values ('${other}', sha256(''), sha256(''), 'x') returning id
       )
       insert into inventory.import_rejects (org_id, import_id, line, reason) select '${ours}', id, 1, 'x' from theirs`,
    ),
  ];
}
