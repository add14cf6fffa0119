import type { ProofName } from '#recovery/proofs/proof.ts';
import { type Sabotage, saidByProofs } from './sabotage.ts';

/** A fault inside a restored database, caused by a superuser with SQL. */
interface Broken {
  readonly name: string;
  readonly sql: string;
  /** The proofs that must find it. No other may report anything. */
  readonly found: readonly ProofName[];
  readonly says: RegExp;
}

/** Disables the triggers that only a superuser can disable, runs the statements, and enables the triggers again. */
function withoutTriggers(statements: string): string {
  const triggers = (what: string) =>
    `do $$
     declare v_each record;
     begin
       for v_each in
         select t.tgname, t.tgrelid::regclass as relation from pg_trigger t
         where not t.tgisinternal and t.tgrelid = any (array[${ledger.map((table) => `'${table}'`)}]::regclass[])
       loop
         execute format('alter table %s ${what} trigger %I', v_each.relation, v_each.tgname);
       end loop;
     end $$`;
  return `begin; set local session_replication_role = replica; ${triggers('disable')}; ${statements}; ${triggers('enable always')}; commit`;
}

const ledger = [
  'inventory.entries',
  'inventory.movements',
  'inventory.seals',
  'inventory.seal_pages',
  'inventory.seal_closings',
  'inventory.seal_anchors',
  'inventory.reservations',
  'inventory.reservation_lines',
  'inventory.reservation_entries',
];
const target = `(select id from tenancy.organizations where slug = 'target')`;
const balance = (sku: string) =>
  `org_id = ${target} and item_id = (select id from inventory.items where org_id = ${target} and sku = '${sku}')`;
const everyTenantTable = `do $$
  declare v_table regclass; v_target uuid := ${target};
  begin
    for v_table in
      select c.oid::regclass from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id'
      where c.relkind = 'r' and c.relnamespace in ('inventory'::regnamespace, 'tenancy'::regnamespace)
    loop
      execute format('delete from %s where org_id = $1', v_table) using v_target;
    end loop;
    delete from tenancy.organizations where id = v_target;
  end $$`;

const broken: readonly Broken[] = [
  {
    name: 'tenant missing',
    sql: withoutTriggers(everyTenantTable),
    found: ['organizations', 'heartbeat'],
    says: /has sealed its ledger, but the copy does not contain it/,
  },
  {
    name: 'tenant missing that never sealed',
    sql: `update recovery.heartbeats set organizations = 3`,
    found: ['heartbeat'],
    says: /the copy contains 2 organizations, but at \S+ there were 3/,
  },
  {
    name: 'movements truncated',
    sql: withoutTriggers(`truncate inventory.movements cascade`),
    found: ['balances', 'seals'],
    says: /differs from its movements/,
  },
  {
    name: 'movements deleted, and the balances reduced to match',
    sql: withoutTriggers(
      `delete from inventory.movements where org_id = ${target} and quantity = 60;
       update inventory.balances set on_hand = on_hand - 60, version = version - 1 where ${balance('A')}`,
    ),
    found: ['balances', 'seals'],
    says: /movement_missing/,
  },
  {
    name: 'balance altered',
    sql: `update inventory.balances set on_hand = on_hand + 0.0001 where ${balance('B')}`,
    found: ['balances'],
    says: /^target: item \S+ at \S+ differs from its movements: on hand \+0\.0001, reserved 0, version 0$/m,
  },
  {
    name: 'hold altered',
    sql: withoutTriggers(
      `update inventory.reservation_lines set held = held - 1, released = released + 1 where ${balance('L')}`,
    ),
    found: ['balances'],
    says: /^target: item \S+ at \S+ differs from its movements: on hand 0, reserved \+1, version 0$/m,
  },
  {
    name: 'balance missing',
    sql: `delete from inventory.balances where ${balance('B')}`,
    found: ['balances'],
    says: /differs from its movements/,
  },
  {
    name: 'trigger dropped',
    sql: 'drop trigger apply_movements on inventory.movements',
    found: ['schema', 'isolation'],
    says: /missing: CREATE TRIGGER apply_movements/i,
  },
  {
    name: 'trigger disabled',
    sql: 'alter table inventory.movements disable trigger append_only',
    found: ['schema', 'isolation'],
    says: /missing: alter table inventory\.movements enable always trigger append_only/,
  },
  {
    name: 'function with another body',
    sql: `create or replace function inventory.refuse_sealed() returns trigger language plpgsql set search_path = '' as 'begin return null; end'`,
    // The lint excepts this function by its body. With another body the exception does not apply.
    found: ['schema', 'isolation'],
    says: /missing: /,
  },
  {
    name: 'policy dropped',
    sql: 'drop policy tenant on inventory.balances',
    // Without the policy no role sees a row, not even in the proof of balances.
    found: ['schema', 'isolation', 'balances'],
    says: /missing: create policy tenant on inventory\.balances/i,
  },
  {
    name: 'FORCE off',
    sql: 'alter table inventory.movements no force row level security',
    found: ['schema', 'isolation'],
    says: /missing: alter table inventory\.movements force row level security/,
  },
  {
    name: 'privilege granted',
    sql: 'grant update on inventory.balances to stockade_api',
    found: ['schema', 'isolation'],
    says: /added: grant .*update.* to stockade_api/,
  },
  {
    name: 'seal altered',
    sql: withoutTriggers(
      `update inventory.seals set recorded_through = recorded_through + interval '1 second' where org_id = ${target} and seq = 1`,
    ),
    found: ['seals'],
    says: /seal_altered/,
  },
  {
    name: 'seals deleted, with everything that belongs to them',
    sql: withoutTriggers(
      ['seal_anchors', 'seal_closings', 'seal_pages', 'seals']
        .map((table) => `delete from inventory.${table} where org_id = ${target}`)
        .join(';'),
    ),
    found: ['seals'],
    says: /seal_missing: .* is the anchor of seal 1, which is not in the database/,
  },
  {
    name: 'schema of an older version',
    sql: `delete from stockade_migrations.applied where number = (select max(number) from stockade_migrations.applied)`,
    found: ['schema'],
    says: /migrations applied: \d+ of \d+; \d{6}_\w+ is missing/,
  },
  {
    name: 'schema of a newer version',
    sql: `insert into stockade_migrations.applied
          select (jsonb_populate_record(a, jsonb_build_object('number', a.number + 1, 'name', '999999_of_tomorrow'))).*
          from stockade_migrations.applied a order by number desc limit 1`,
    found: ['schema'],
    says: /of_tomorrow/,
  },
  {
    name: 'schema of another migration',
    sql: `update stockade_migrations.applied set sha256 = repeat('0', 64) where number = 3`,
    found: ['schema'],
    says: /stockade_migrations\.applied was altered/,
  },
  {
    name: 'functions of another release',
    sql: `update stockade_migrations.functions set sha256 = repeat('0', 64) where name = 'inventory/posting'`,
    found: ['schema'],
    says: /the function file inventory\/posting is another one than that of this release/,
  },
  {
    name: 'a function file that was not run',
    sql: `delete from stockade_migrations.functions where name = 'inventory/posting'`,
    found: ['schema'],
    says: /the function file inventory\/posting was not run/,
  },
  {
    name: 'stale copy: older than the restored time',
    sql: `update recovery.heartbeats set at = at - interval '4 minutes'`,
    found: ['heartbeat'],
    says: /the newest heartbeat is from \S+, but \S+ was restored/,
  },
  {
    name: 'no heartbeat',
    sql: 'delete from recovery.heartbeats',
    found: ['heartbeat'],
    says: /the copy contains no heartbeat/,
  },
  {
    name: 'sequence that lags behind its column',
    // The schema has no sequence, so the sequence itself is a fault too.
    sql: `create table inventory.numbered (id bigint generated by default as identity primary key);
          insert into inventory.numbered values (1), (2), (3)`,
    found: ['schema', 'isolation', 'sequences'],
    says: /numbered_id_seq returns 1 next, but inventory\.numbered\.id already contains 3/,
  },
  {
    name: 'ledger open before its last seal',
    sql: `update inventory.seal_boundaries b set boundary = (select min(id::text)::uuid from inventory.entries where org_id = b.org_id)
          where org_id = ${target}`,
    found: ['seals'],
    says: /boundary_altered: .*the boundary that protects it from later movements is missing or lower/,
  },
  {
    name: 'index left invalid',
    sql: `update pg_index set indisvalid = false where indexrelid = 'inventory.seal_closings_seq'::regclass`,
    found: ['schema', 'indexes'],
    says: /invalid/,
  },
  {
    name: 'index of a kind that no proof can check',
    sql: 'create index strange on inventory.items using hash (org_id)',
    found: ['schema', 'indexes'],
    says: /strange is a hash index, which no proof can check/,
  },
];

/** Sabotages inside a restored copy. */
export const copyAttacks: readonly Sabotage[] = broken.map(({ name, sql, found, says }) => ({
  name,
  reporters: found.map((proof) => `proof ${proof}` as const),
  says,
  async commit(fixture) {
    await using copy = await fixture.copy();
    await copy.run(sql);
    return { said: saidByProofs((await fixture.prove(copy.url)).outcomes) };
  },
}));
