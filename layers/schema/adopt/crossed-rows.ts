import type { ClientBase } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { counted } from '#platform/text/plural.ts';
import type { ForeignKey } from './application.ts';
import type { Proposal } from './proposal.ts';
import type { Remark } from './remark.ts';
import type { TenantTable } from './tenant-tables.ts';
import { tenantKeys } from './write/foreign-keys.ts';

/** A check reads whole tables; one that takes longer than this is better done at night. */
const timeoutMs = 600_000;

/**
 * Finds the rows that cannot be given to one organization: those that refer to rows of two, and those that refer to none.
 * Nothing is changed. With one organization there are none.
 */
export async function findCrossedRows(client: ClientBase, proposal: Proposal): Promise<Remark[]> {
  if (proposal.choices.organizations.kind === 'one') return [];
  const ways = new Ways(proposal.tenant);
  return await inTransaction(
    client,
    async () => {
      const found: Remark[] = [];
      for (const key of tenantKeys(proposal)) found.push(...(await crossed(client, ways, key)));
      for (const tenant of proposal.tenant) found.push(...(await homeless(client, tenant)));
      return found;
    },
    { begin: `begin isolation level repeatable read read only; set local statement_timeout = ${timeoutMs}` },
  );
}

async function crossed(client: ClientBase, ways: Ways, key: ForeignKey): Promise<Remark[]> {
  const same = key.childColumns.map((column, n) => `child.${column} = parent.${key.parentColumns[n]}`);
  const { rows } = await client.query<{ count: string; example: string }>(
    `select count(*) as count, min(concat_ws(', ', ${key.childColumns.map((column) => `child.${column}`).join(', ')})) as example
     from ${key.child} child
     join ${key.parent} parent on ${same.join(' and ')}
     where ${ways.root(key.child, 'child')} <> ${ways.root(key.parent, 'parent')}`,
  );
  const [{ count, example } = { count: '0', example: '' }] = rows;
  if (count === '0') return [];
  return [
    {
      object: `${key.name} on ${key.child}`,
      says: `${counted(Number(count), 'row')} of ${key.child} refer to a row of ${key.parent} of another organization, such as ${example}`,
      remedy: `Correct ${key.childColumns.join(', ')} of these rows: behind the wall no row refers to another organization.`,
    },
  ];
}

async function homeless(client: ClientBase, { table, parents, self }: TenantTable): Promise<Remark[]> {
  const columns = [...parents, ...(self ? [self] : [])];
  if (columns.length === 0 || parents[0]?.isRequired) return [];
  const hasNone = columns.map(
    ({ childColumns }) => `(${childColumns.map((column) => `${column} is null`).join(' or ')})`,
  );
  const { rows } = await client.query<{ count: string }>(
    `select count(*) as count from ${table.name} where ${hasNone.join(' and ')}`,
  );
  const count = Number(rows[0]?.count);
  if (count === 0) return [];
  return [
    {
      object: table.name,
      says: `${counted(count, 'row')} refer to no row of an organization`,
      remedy: `Fill ${columns.map(({ childColumns }) => childColumns.join(', ')).join(' or ')}, or delete these rows.`,
    },
  ];
}

/** The expressions for the row of the root that a row leads to, as text. A climb within a table is left out: it ends in null. */
class Ways {
  readonly #tenant: readonly TenantTable[];

  constructor(tenant: readonly TenantTable[]) {
    this.#tenant = tenant;
  }

  root(table: string, row: string): string {
    const tenant = this.#tenant.find((each) => each.table.name === table);
    if (!tenant) throw new Error(`${table} is no tenant's table`);
    if (tenant.parents.length === 0) {
      const key = tenant.table.indexes.find(({ isPrimary }) => isPrimary)?.columns ?? [];
      return `concat_ws('-', ${key.map((column) => `${row}.${column}`).join(', ')})`;
    }
    const ways = tenant.parents.map((key, n) => {
      const above = `${row}_${n}`;
      const same = key.parentColumns.map(
        (column, at) => `${above}.${column} = ${row}.${key.childColumns[at]}`,
      );
      return `(select ${this.root(key.parent, above)} from ${key.parent} ${above} where ${same.join(' and ')})`;
    });
    return ways.length === 1 ? (ways[0] ?? '') : `coalesce(${ways.join(', ')})`;
  }
}
