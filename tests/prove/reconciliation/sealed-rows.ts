import type { Client } from 'pg';
import type { FaultKind } from '#audit/seals/verify/fault.ts';
import { verifyLedger } from '#audit/seals/verify-ledger.ts';
import { asSuperuser, cloneDatabase } from '../clone.ts';
import { asJobs, targetSlug } from './fixture.ts';
import type { InjectionResult } from './inject.ts';

/** A change to sealed rows, and the faults that `verify:ledger` must report. */
export interface SealedRowClass {
  readonly name: string;
  readonly kinds: readonly FaultKind[];
  /** Changes $2, the first entry of the organization $1, or its only movement. */
  readonly statement: string;
}

const beforeAll = `'00000000-0000-7000-8000-000000000000'`;
const sameDateBc = (column: string) =>
  `(to_char(${column} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') || '+00 BC')::timestamptz`;
const altered = ['movement_altered'] as const;
const moved = ['movement_missing', 'movement_inserted'] as const;

type Change = readonly [value: string, kinds?: readonly FaultKind[]];

/** What each column is set to, one at a time. */
const columns: Readonly<Record<'movements' | 'entries', Readonly<Record<string, readonly Change[]>>>> = {
  movements: {
    org_id: [
      [
        `(select id from tenancy.organizations where id <> $1 limit 1)`,
        ['movement_missing', 'entry_inserted'],
      ],
    ],
    entry_id: [[beforeAll, [...moved, 'entry_inserted']]],
    line: [['line + 50', moved]],
    item_id: [[`(select id from inventory.items where org_id = $1 and id <> item_id limit 1)`]],
    location_id: [[`(select id from inventory.locations where org_id = $1 and id <> location_id limit 1)`]],
    lot: [[`E'X\\n'`]],
    quantity: [['quantity + 0.0001'], [`'NaN'`]],
    occurred_at: [[`occurred_at + interval '1 millisecond'`], [sameDateBc('occurred_at')], [`'infinity'`]],
    recorded_at: [[`recorded_at + interval '1 millisecond'`], [sameDateBc('recorded_at')]],
  },
  entries: {
    org_id: [[`(select id from tenancy.organizations where id <> $1 limit 1)`]],
    id: [[beforeAll, ['movement_altered', 'entry_inserted']]],
    kind: [[`'return'`], [`'reversal'`]],
    reference: [[`''`], [`'PO-1'`]],
    occurred_at: [[`occurred_at - interval '400 days'`], [sameDateBc('occurred_at')]],
    recorded_at: [[`recorded_at - interval '400 days'`], [sameDateBc('recorded_at')]],
    actor: [[`actor || E'\\n'`]],
    metadata: [[`'{"a": 1}'`]],
    reverses: [['id']],
  },
};

const changes: readonly SealedRowClass[] = Object.entries(columns).flatMap(([table, ofTable]) =>
  Object.entries(ofTable).flatMap(([column, values]) =>
    values.map(([value, kinds = altered]) => ({
      name: `sealed ${table}: ${column} = ${value}`,
      kinds,
      statement: `update inventory.${table} set ${column} = ${value} where org_id = $1 and ${table === 'entries' ? 'id' : 'entry_id'} = $2`,
    })),
  ),
);

export const sealedRowClasses: readonly SealedRowClass[] = [
  ...changes,
  {
    name: 'sealed entries: one without movements added',
    kinds: ['entry_inserted'],
    statement: `insert into inventory.entries
      select org_id, ${beforeAll}, kind, 'PHANTOM', occurred_at, recorded_at, actor, metadata, reverses
      from inventory.entries where org_id = $1 and id = $2`,
  },
  {
    name: 'sealed entries: one removed, and its movement left',
    kinds: altered,
    statement: 'delete from inventory.entries where org_id = $1 and id = $2',
  },
  {
    name: 'sealed entries: one removed with its movement',
    kinds: ['movement_missing'],
    statement: `with gone as (delete from inventory.movements where org_id = $1 and entry_id = $2)
      delete from inventory.entries where org_id = $1 and id = $2`,
  },
];

/**
 * Makes each change by itself in a copy of the fixture, verifies the ledger, and puts the rows back. A superuser drops the
 * constraints and takes the triggers out of the way.
 */
export async function changeSealedRows(
  { clusterUrl, template }: { readonly clusterUrl: string; readonly template: string },
  classes: readonly SealedRowClass[],
  onResult: (result: InjectionResult) => void,
): Promise<InjectionResult[]> {
  await using clone = await cloneDatabase(clusterUrl, template);
  return await asSuperuser(clone.url, async (superuser) => {
    const { rows } = await superuser.query<{ org: string; entry: string }>(
      `select o.id as org, (select e.id from inventory.entries e where e.org_id = o.id order by e.id limit 1) as entry
       from tenancy.organizations o where o.slug = $1`,
      [targetSlug],
    );
    const { org = '', entry = '' } = rows[0] ?? {};
    await superuser.query('set session_replication_role = replica');
    await removeGuards(superuser);
    const results: InjectionResult[] = [];
    for (const { name, kinds, statement } of classes) {
      await superuser.query(statement, [org, entry].slice(0, statement.includes('$2') ? 2 : 1));
      const report = await asJobs(clone.url, (jobs) => verifyLedger(jobs, org));
      await putBack(superuser);
      const found = [...new Set(report.faults.map(({ kind }) => kind))];
      const isRight = JSON.stringify(found.toSorted()) === JSON.stringify([...kinds].toSorted());
      const result = {
        ...{ name, skus: ['seal'], causes: found, actions: ['reported'] },
        faults: isRight ? [] : [`faults: ${found.join(', ') || 'none'}, expected ${kinds.join(', ')}`],
      };
      results.push(result);
      onResult(result);
    }
    return results;
  });
}

/** The columns of sealed rows that no change above is about. */
export async function columnsWithoutChange(superuser: Client): Promise<string[]> {
  const { rows } = await superuser.query<{ table: 'movements' | 'entries'; column: string }>(
    `select c.relname as table, a.attname as column
     from pg_attribute a join pg_class c on c.oid = a.attrelid
     where c.oid in ('inventory.movements'::regclass, 'inventory.entries'::regclass) and a.attnum > 0 and not a.attisdropped`,
  );
  return rows
    .filter(({ table, column }) => !(column in columns[table]))
    .map(({ table, column }) => `${table}.${column}`);
}

async function removeGuards(superuser: Client): Promise<void> {
  const { rows } = await superuser.query<{ statement: string }>(
    `select format('alter table %s drop constraint %I', conrelid::regclass, conname) as statement
     from pg_constraint
     where conrelid in ('inventory.movements'::regclass, 'inventory.entries'::regclass) and contype = 'c'`,
  );
  for (const { statement } of rows) await superuser.query(statement);
  for (const table of ['movements', 'entries']) {
    await superuser.query(`alter table inventory.${table} disable trigger user`);
    await superuser.query(`create table public.kept_${table} as table inventory.${table}`);
  }
}

async function putBack(superuser: Client): Promise<void> {
  for (const table of ['movements', 'entries']) {
    await superuser.query(`delete from inventory.${table}`);
    await superuser.query(`insert into inventory.${table} select * from public.kept_${table}`);
  }
}
