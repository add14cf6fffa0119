import type { Index, Table } from '../application.ts';
import { nameWith } from '../names.ts';
import type { Proposal } from '../proposal.ts';
import type { Draft } from './draft.ts';

/** An index of the application, and the one that takes its place and its name. */
export interface Replacement {
  readonly index: Index;
  /** Without its schema, as long as the other one is there. */
  readonly plainName: string;
  readonly statement: string;
  /** Whether it becomes the table's primary key, which is then the first one that the table has. */
  readonly becomesPrimaryKey: boolean;
}

/**
 * The indexes of a table that are built again with org_id in front: all that are unique, so that no organization meets the
 * values of another, and the other B-trees, because every query has a condition on org_id from now on.
 */
export function replacements(table: Table): Replacement[] {
  const hasPrimaryKey = table.indexes.some(({ isPrimary }) => isPrimary);
  const candidate = hasPrimaryKey ? undefined : table.indexes.find((index) => canBePrimaryKey(table, index));
  return table.indexes
    .filter(({ isUnique, method }) => isUnique || method === 'btree')
    .map((index) => {
      const plainName = nameWith(index.plainName, '_org');
      return {
        index,
        plainName,
        statement: definitionWithOrganization(index, table, plainName),
        becomesPrimaryKey: index === candidate,
      };
    });
}

/** What a framework creates for a table between two others: unique over columns without nulls, and no primary key. */
function canBePrimaryKey({ columns }: Table, index: Index): boolean {
  return (
    index.isUnique &&
    index.sortsAsKey &&
    !index.isPartial &&
    index.constraint === null &&
    (index.columns?.every((name) => columns.some((column) => column.name === name && column.notNull)) ??
      false)
  );
}

/** The columns that a foreign key refers to need an index of exactly these, and a partial one is none. */
export function definitionWithOrganization(index: Index, table: Table, plainName: string): string {
  const unique = index.isUnique ? 'unique ' : '';
  const before = `CREATE ${unique.toUpperCase()}INDEX ${index.plainName} ON ${table.name} USING ${index.method} (`;
  if (!index.definition.startsWith(before)) {
    throw new Error(
      `Postgres writes the index ${index.name} in a form that is not known: ${index.definition}`,
    );
  }
  const rest = index.definition.slice(before.length);
  return `create ${unique}index concurrently ${plainName} on ${table.name} using ${index.method} (org_id, ${rest}`;
}

const ownIndex = (table: Table) => nameWith(table.plainName, '_org_id');

/** The names of the indexes that a table gets. */
export function newIndexNames(table: Table): string[] {
  const replaced = replacements(table).map(({ plainName }) => plainName);
  return replaced.length > 0 ? replaced : [ownIndex(table)];
}

/** A table without any index still needs one that begins with org_id. */
function indexOfItsOwn(table: Table): string[] {
  if (replacements(table).length > 0) return [];
  return [`create index concurrently ${ownIndex(table)} on ${table.name} (org_id)`];
}

/** All of them are built in one file, one after the other, while the application writes. */
export function buildIndexes({ tenant }: Proposal): Draft {
  return {
    topic: 'indexes',
    directives: ['concurrently'],
    why: 'The indexes that begin with the organization. They are built while others write, and take the names of the old ones in\nthe last step.',
    statements: tenant.flatMap(({ table }) => [
      ...replacements(table).map(({ statement }) => statement),
      ...indexOfItsOwn(table),
    ]),
  };
}

/** Contract: the old indexes go, while others read and write, and the new ones take their names. */
export function dropOldIndexes({ tenant }: Proposal): Draft[] {
  // A constraint has taken the name of its index with it.
  const plain = tenant.flatMap(({ table }) => replacements(table)).filter(({ index }) => !index.constraint);
  return [
    {
      topic: 'old_indexes',
      directives: ['concurrently', 'contract'],
      why: 'Contract: what the old indexes were for, the new ones are for.',
      statements: plain.map(({ index }) => `drop index concurrently if exists ${index.name}`),
    },
    {
      topic: 'index_names',
      directives: ['contract'],
      why: 'The names of the old indexes, which the application may know from errors.',
      statements: plain.map(
        ({ index, plainName }) => `alter index ${index.schema}.${plainName} rename to ${index.plainName}`,
      ),
    },
  ];
}
