import type pg from 'pg';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import type { BalanceKey } from '../discrepancy.ts';

/** The names that people use for a balance: SKU and code. Ids, when the item or the location no longer exists. */
export interface BalanceLabel {
  readonly sku: string;
  readonly location: string;
  readonly lot: string | null;
}

/** Reads the labels of balances. */
export async function readLabels(
  jobs: pg.ClientBase,
  orgId: string,
  keys: readonly BalanceKey[],
): Promise<(key: BalanceKey) => BalanceLabel> {
  const rows = await inOrganizationAsJob<{ id: string; name: string }>(jobs, orgId, 'read', {
    text: `select id, sku as name from inventory.items where org_id = $1 and id = any ($2::uuid[])
      union all
      select id, code from inventory.locations where org_id = $1 and id = any ($3::uuid[])`,
    values: [orgId, keys.map(({ item }) => item || null), keys.map(({ location }) => location || null)],
  });
  const names = new Map(rows.map(({ id, name }) => [id, name]));
  return ({ item, location, lot }) => ({
    sku: names.get(item) ?? item,
    location: names.get(location) ?? location,
    lot: lot || null,
  });
}

/** A balance in a line of text. */
export function labelText({ sku, location, lot }: BalanceLabel): string {
  return `${sku} at ${location}${lot === null ? '' : `, lot ${lot}`}`;
}
