import type { Client } from 'pg';
import type { Cause } from '#audit/reconciliation/discrepancy.ts';
import { inOrganization } from './fixture.ts';

/** Removes a key and all of its versions from the evidence bucket. Object Lock prevents this on AWS. */
export type LoseEvidence = (key: string) => Promise<void>;

/** One kind of damage to a ledger, and what reconciliation must do about it. */
export interface FaultClass {
  readonly name: string;
  /** The items at L that must be found, and no others; empty for damage to seals. */
  readonly skus: readonly string[];
  readonly cause: Cause;
  /** Of an entry that has lost its only movement. */
  readonly leavesEntryAlone?: true;
  readonly action: 'corrected' | 'alerted';
  /** Causes the damage as a superuser, who can also remove keys from the bucket. */
  readonly commit: (superuser: Client, orgId: string, loseEvidence: LoseEvidence) => Promise<void>;
  /** A trigger stays missing or broken: then nothing may be corrected. */
  readonly leavesTriggersBroken?: true;
}

/** Matches the rows of an item of the target. */
export const balance = (sku: string) =>
  `org_id = (select id from tenancy.organizations where slug = 'target')
   and item_id = (select i.id from inventory.items i join tenancy.organizations o on o.id = i.org_id and o.slug = 'target' where i.sku = '${sku}')`;
export const write = (sku: string, change: string) =>
  `update inventory.balances set ${change} where ${balance(sku)}`;

export const sql =
  (...statements: readonly string[]): FaultClass['commit'] =>
  async (superuser) => {
    for (const statement of statements) await superuser.query(statement);
  };

/** Runs statements without the triggers that keep movements append-only. */
export const unguarded = (...statements: readonly string[]) =>
  sql(
    'begin',
    'alter table inventory.movements disable trigger append_only',
    'alter table inventory.movements disable trigger append_only_rows',
    ...statements,
    'alter table inventory.movements enable always trigger append_only',
    'alter table inventory.movements enable always trigger append_only_rows',
    'commit',
  );

/** Matches the n-th movement of an item. Its entry has no other. */
export const movement = (sku: string, n: number) =>
  `(org_id, entry_id, line) in (
     select org_id, entry_id, line from inventory.movements where ${balance(sku)} order by entry_id offset ${n - 1} limit 1
   )`;

/** Changes the ledger while movements do not reach their balances. */
export const postedWithoutTrigger =
  (change: (superuser: Client) => Promise<unknown>): FaultClass['commit'] =>
  async (superuser, orgId) => {
    await superuser.query('alter table inventory.movements disable trigger apply_movements');
    await inOrganization(superuser, orgId, () => change(superuser));
    await superuser.query('alter table inventory.movements enable always trigger apply_movements');
  };

/** Inserts a movement by hand into an existing entry. */
export const inserted = (sku: string, entry: string) => `
  insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
  select m.org_id, m.entry_id, 99, m.item_id, m.location_id, m.lot, 3, m.occurred_at, m.recorded_at
  from inventory.movements m where ${balance(sku).replaceAll('org_id =', 'm.org_id =').replace('item_id =', 'm.item_id =')}
  order by m.entry_id ${entry} limit 1`;

/** Matches the rows of an item of the target, of a table named b. */
export function prefixed(sku: string): string {
  return balance(sku)
    .replaceAll('org_id =', 'b.org_id =')
    .replace('item_id =', 'b.item_id =')
    .replace('i.b.org_id', 'i.org_id');
}
