import { Refusal } from '#platform/refusal.ts';
import type { Application, Table } from './application.ts';

/** What a person decides about an adoption. Tables are named as in SQL, or without their schema where that is enough. */
export interface Choices {
  /** Tables whose rows belong to organizations. Those that refer to them follow. */
  readonly tables: readonly string[];
  readonly organizations: OneOrganization | RootOrganizations;
  /** Tables whose rows belong to no organization: every organization reads them. */
  readonly shared: readonly string[];
  /** Those of the shared tables that every organization may write as well. */
  readonly writable: readonly string[];
  /** The roles that the application logs in as; none: those that may use its tables. */
  readonly logins: readonly string[];
  /** Keeps the planner statistics of the tables, which tell one organization values of another. */
  readonly keepStatistics: boolean;
}

/** Every row belongs to one organization, which the migrations create. */
export interface OneOrganization {
  readonly kind: 'one';
  readonly id: string;
  readonly slug: string;
  readonly name: string;
}

/** Each row of a table, such as the accounts, becomes an organization; other rows belong to the one that they refer to. */
export interface RootOrganizations {
  readonly kind: 'root';
  readonly table: string;
  /** The column with the organization's name. */
  readonly nameColumn: string | undefined;
}

/** A choice names what is not there, or what is there twice. */
export class ChoiceError extends Refusal {
  override readonly name = 'ChoiceError';
}

/**
 * The table of a name: `shop.orders`, `public."Order"`, or `Order` where only one schema has it.
 * @throws ChoiceError when there is none, or more than one
 */
export function findTable({ tables }: Application, named: string): Table {
  const found =
    tables.find(({ name, schema, plainName }) => name === named || `${schema}.${plainName}` === named) ??
    onlyOne(
      named,
      tables.filter(({ plainName }) => plainName === named || `"${plainName}"` === named),
    );
  if (found) return found;
  throw new ChoiceError(
    `there is no table ${named}`,
    `The tables are ${tables.map(({ name }) => name).join(', ') || 'none: is this the right database?'}.`,
  );
}

function onlyOne(named: string, tables: readonly Table[]): Table | undefined {
  if (tables.length < 2) return tables[0];
  throw new ChoiceError(
    `${named} names ${tables.length} tables: ${tables.map(({ name }) => name).join(', ')}`,
    'Name it with its schema.',
  );
}
