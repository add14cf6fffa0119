import type { ForeignKey } from '../application.ts';
import type { TenantTable } from '../tenant-tables.ts';

/**
 * The expression for the organization of a row: that of its parent, or of the first parent that it has. A row that has none
 * but a row of its own table climbs from one to the next; rows that refer to each other in a circle end the climb.
 * @param row how the statement names the row
 */
export function organizationOf(tenant: TenantTable, row: string): string {
  const sources = sourcesOf(tenant, row);
  const [only] = sources;
  return sources.length === 1 && only ? only : `coalesce(\n  ${sources.join(',\n  ')}\n)`;
}

function sourcesOf({ table, parents, self }: TenantTable, row: string): string[] {
  const direct = parents.map((key) => lookUp(key, row));
  if (!self) return direct;
  const step = (above: string) => {
    const known = [`${above}.org_id`, ...parents.map((key) => lookUp(key, above))];
    return [
      known.length === 1 ? `${known[0]} as org_id` : `coalesce(${known.join(', ')}) as org_id`,
      ...self.childColumns.map((column, n) => `${above}.${column} as up_${n}`),
    ].join(', ');
  };
  const isAbove = (columns: readonly string[]) =>
    self.parentColumns.map((column, n) => `above.${column} = ${columns[n]}`).join(' and ');
  return [
    ...direct,
    `(
    with recursive climb as (
      select ${step('above')} from ${table.name} above where ${isAbove(self.childColumns.map((column) => `${row}.${column}`))}
      union
      select ${step('above')} from climb join ${table.name} above on ${isAbove(self.childColumns.map((_, n) => `climb.up_${n}`))}
      where climb.org_id is null
    )
    select climb.org_id from climb where climb.org_id is not null limit 1
  )`,
  ];
}

function lookUp({ parent, parentColumns, childColumns }: ForeignKey, row: string): string {
  const isParent = parentColumns.map((column, n) => `parent.${column} = ${row}.${childColumns[n]}`);
  return `(select parent.org_id from ${parent} parent where ${isParent.join(' and ')})`;
}
