import type { Application, ForeignKey, Table } from './application.ts';

/** A table whose rows belong to organizations, and how a row finds its own. */
export interface TenantTable {
  readonly table: Table;
  /** The tables from it to one that was named, itself first. */
  readonly path: readonly string[];
  /** The foreign keys whose parent knows the organization. One is enough when it can hold no null. */
  readonly parents: readonly ForeignKey[];
  /** The key to a row of the table itself, where a row may have no other parent. */
  readonly self: ForeignKey | undefined;
}

/**
 * Finds the tables that refer to some tables, directly or through others.
 *
 * Every row of a tenant's table gets an organization, so that a key which is never null is enough to find it, wherever it
 * leads. A table without one finds it by those that may be null, after all others: one of its rows may have any of them.
 * @returns them, each after the tables that it finds its organization by
 */
export function followForeignKeys(application: Application, named: readonly Table[]): TenantTable[] {
  const keys = application.foreignKeys.filter(({ child, parent }) => child !== parent);
  const reached = reachedFrom(named, keys);
  const placed: TenantTable[] = named.map((table) => ({
    table,
    path: [table.name],
    parents: [],
    self: undefined,
  }));
  for (;;) {
    const isPlaced = (name: string) => placed.some(({ table }) => table.name === name);
    const waiting = application.tables.filter(({ name }) => reached.has(name) && !isPlaced(name));
    const ready = (table: Table) =>
      keys.filter(({ child, parent }) => child === table.name && isPlaced(parent));
    const awaitsOther = ({ name }: Table) =>
      keys.some(({ child, parent, isRequired }) => child === name && isRequired && reached.has(parent));
    const next =
      waiting.find((table) => ready(table).some(({ isRequired }) => isRequired)) ??
      waiting.find((table) => ready(table).length > 0 && !awaitsOther(table)) ??
      waiting.find((table) => ready(table).length > 0);
    if (!next) return placed;
    placed.push(place(next, ready(next), application.foreignKeys, placed));
  }
}

function reachedFrom(named: readonly Table[], keys: readonly ForeignKey[]): ReadonlySet<string> {
  const reached = new Set(named.map(({ name }) => name));
  for (const parent of reached) {
    for (const key of keys) if (key.parent === parent) reached.add(key.child);
  }
  return reached;
}

function place(
  table: Table,
  ready: readonly ForeignKey[],
  foreignKeys: readonly ForeignKey[],
  placed: readonly TenantTable[],
): TenantTable {
  const required = ready.find(({ isRequired }) => isRequired);
  const parents = required ? [required] : ready;
  const nearest = placed.find((each) => each.table.name === parents[0]?.parent);
  return {
    table,
    path: [table.name, ...(nearest?.path ?? [])],
    parents,
    self: required
      ? undefined
      : foreignKeys.find(({ child, parent }) => child === table.name && parent === table.name),
  };
}
