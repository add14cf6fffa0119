import type { Application, ForeignKey, Role, Table } from './application.ts';
import { isBookkeeping } from './bookkeeping.ts';
import { type Choices, findTable } from './choices.ts';
import { findLogins, whyLoginRefused } from './logins.ts';
import type { Remark } from './remark.ts';
import { followForeignKeys, type TenantTable } from './tenant-tables.ts';
import { whyDatabaseUntouched, whyForeignKeyUntouched, whyUntouched } from './untouchable.ts';

/** What an adoption would do with each table of an application. */
export interface Proposal {
  readonly application: Application;
  readonly choices: Choices;
  /** Each after the tables that it finds its organization by. */
  readonly tenant: readonly TenantTable[];
  readonly shared: readonly { readonly table: Table; readonly isWritable: boolean }[];
  /** The tables in which a framework notes its migrations. */
  readonly bookkeeping: readonly Table[];
  readonly logins: readonly Role[];
  /** What a person must decide before there are files. */
  readonly decisions: readonly Remark[];
  /** What the adoption cannot do, and why. */
  readonly refusals: readonly Remark[];
}

/**
 * Proposes which tables of an application belong to organizations, by the foreign keys that lead to the named ones.
 * @throws ChoiceError when a choice names what is not there
 */
export function propose(application: Application, choices: Choices): Proposal {
  const { organizations } = choices;
  const asked = choices.tables.map((name) => findTable(application, name));
  const root = organizations.kind === 'root' ? findTable(application, organizations.table) : undefined;
  const shared = choices.shared.map((name) => findTable(application, name));
  const writable = choices.writable.map((name) => findTable(application, name));
  const tenant = followForeignKeys(application, root ? [root] : asked);
  const isTenant = (name: string) => tenant.some(({ table }) => table.name === name);
  const isShared = (table: Table) => [...shared, ...writable].includes(table);
  const rest = application.tables.filter((table) => !isTenant(table.name) && !isShared(table));
  const logins = findLogins(application, choices.logins);
  const keys = keysBetween(application, isTenant);
  return {
    application,
    choices,
    tenant,
    shared: application.tables
      .filter(isShared)
      .map((table) => ({ table, isWritable: writable.includes(table) })),
    bookkeeping: rest.filter(isBookkeeping),
    logins,
    decisions: [
      ...rest
        .filter((table) => !isBookkeeping(table) && table.extension === null)
        .map((table) => whatToDecide(application, table, tenant, asked, root)),
    ],
    refusals: [
      ...whyDatabaseUntouched(application),
      ...whyLoginRefused(application, logins),
      ...tenant.flatMap(({ table }) => whyUntouched(table)),
      ...keys.flatMap(whyForeignKeyUntouched),
      ...tenant
        .filter(({ table }) => isShared(table))
        .map(({ table, path }) => ({
          object: table.name,
          says: `it is named as shared, but its rows belong to organizations: ${path.join(' -> ')}`,
          remedy: 'Leave it out of --shared, or drop that foreign key first.',
        })),
    ],
  };
}

/** The foreign keys from one tenant's table to another, which will begin with org_id. */
export function keysBetween(
  { foreignKeys }: Application,
  isTenant: (name: string) => boolean,
): readonly ForeignKey[] {
  return foreignKeys.filter(({ child, parent }) => isTenant(child) && isTenant(parent));
}

function whatToDecide(
  { foreignKeys }: Application,
  table: Table,
  tenant: readonly TenantTable[],
  asked: readonly Table[],
  root: Table | undefined,
): Remark {
  const users = tenant
    .filter(({ table: { name } }) =>
      foreignKeys.some(({ child, parent }) => child === name && parent === table.name),
    )
    .map(({ table: { name } }) => name);
  if (root && asked.includes(table)) {
    return {
      object: table.name,
      says: `no foreign key leads from it to ${root.name}, so that nothing says which organization a row belongs to`,
      remedy: 'Add one: a column, filled, with a foreign key to a table that belongs to an organization.',
    };
  }
  return {
    object: table.name,
    says:
      users.length > 0
        ? `${users.join(', ')} refer${users.length === 1 ? 's' : ''} to it, but it refers to no tenant's table`
        : 'no foreign key connects it with a table that was named',
    remedy: root
      ? `If every organization may read it, add --shared '${table.name}'. If its rows belong to organizations, give it a foreign key.`
      : `If its rows belong to organizations, add --tables '${table.name}'. If every organization may read it, add --shared '${table.name}'.`,
  };
}
