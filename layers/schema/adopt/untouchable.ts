import type { Application, ForeignKey, Policy, Table } from './application.ts';
import type { Remark } from './remark.ts';

/** The tables that the isolation lint knows as the ledger's. */
const ofTheLedger = new Set(['inventory.entries', 'inventory.movements', 'inventory.balances']);

/** Why a table cannot become a tenant's while others use it: every reason, each with what to do. */
export function whyUntouched(table: Table): Remark[] {
  const reasons: [boolean, string, string][] = [
    [
      table.kind === 'p' || table.isPartition,
      'it is partitioned: Postgres builds no index of a partitioned table concurrently, and adds no foreign key to it without a check of every row at once',
      'Copy it into a plain table first, or ask for its partitions one by one after detaching them.',
    ],
    [
      table.kind === 'f',
      'it is a foreign table: no policy protects rows of another server',
      'Copy its rows into a table.',
    ],
    [
      table.inherits,
      'it inherits, or is inherited from: a query of the parent reads rows of the child without its policies',
      'End it with alter table … no inherit ….',
    ],
    [
      table.isTyped,
      'it is a table of a composite type, which takes no further column',
      'End it with alter table … not of.',
    ],
    [
      table.hasRules,
      'a rewrite rule changes what is written to it, with the rights of its owner',
      'Replace the rule with a trigger.',
    ],
    [
      table.extension !== null,
      `it belongs to the extension ${table.extension}`,
      'Move its rows into a table of yours.',
    ],
    [
      ofTheLedger.has(table.name),
      'the isolation lint knows this name as a table of the ledger',
      'Rename the table or its schema.',
    ],
    [
      table.columns.some(({ plainName }) => plainName === 'org_id'),
      'it has a column org_id of its own',
      'Rename that column: the wall needs the name.',
    ],
    [
      table.rowSecurityForced,
      'its row-level security is forced, so that a backfill would not see every row',
      `Run alter table ${table.name} no force row level security; the last step forces it again.`,
    ],
    [
      overlaps(table.policies.filter(({ isPermissive }) => isPermissive)),
      'several of its policies let rows through for the same command: together they mean "or", which no restrictive policy can say',
      'Join them into one policy, or make them restrictive.',
    ],
  ];
  return [
    ...reasons
      .filter(([holds]) => holds)
      .map(([, says, remedy]) => ({ object: table.name, says: `not touched: ${says}`, remedy })),
    ...table.indexes.flatMap((index) => whyIndexUntouched(table, index)),
  ];
}

function whyIndexUntouched(table: Table, index: Table['indexes'][number]): Remark[] {
  const reasons: [boolean, string, string][] = [
    [
      index.isExclusion || index.withoutOverlaps,
      'it is an exclusion constraint, which Postgres cannot build while others write',
      `Drop it, adopt ${table.name}, and add it again with org_id with = in front.`,
    ],
    [!index.isValid, 'it is invalid: an earlier build failed', 'Drop it, or build it again with reindex.'],
    [
      index.isReplicaIdentity,
      'it is the replica identity of its table',
      `Run alter table ${table.name} replica identity full, and choose another index afterwards.`,
    ],
  ];
  return reasons
    .filter(([holds]) => holds)
    .map(([, says, remedy]) => ({ object: index.name, says: `not touched: ${says}`, remedy }));
}

function overlaps(policies: readonly Policy[]): boolean {
  const commands = policies.map(({ command }) => command);
  return policies.length > 1 && (commands.includes('all') || new Set(commands).size < commands.length);
}

/** Why a foreign key between two tenants' tables cannot begin with org_id. */
export function whyForeignKeyUntouched(key: ForeignKey): Remark[] {
  const reasons: [boolean, string, string][] = [
    [
      key.onUpdate === 'set null' || key.onUpdate === 'set default',
      `its on update ${key.onUpdate} would change org_id as well`,
      'Choose on update cascade or no action.',
    ],
    [
      key.match === 'partial' || (key.match === 'full' && key.childColumns.length > 1),
      `with match ${key.match} it would refuse a null beside org_id`,
      'Use match simple, and a check that all of its columns are null or none.',
    ],
    [key.isPeriod, 'it compares periods', 'Drop it, and check the periods with a trigger.'],
    [!key.isEnforced, 'it is not enforced', 'Enforce it, or drop it.'],
    [
      key.isEnforced && !key.isValidated,
      'the rows that were there before it were never checked',
      `Run alter table ${key.child} validate constraint ${key.name}, which shows what is wrong.`,
    ],
  ];
  return reasons
    .filter(([holds]) => holds)
    .map(([, says, remedy]) => ({
      object: `${key.name} on ${key.child}`,
      says: `not touched: ${says}`,
      remedy,
    }));
}

/** What in the database as a whole is in the way. */
export function whyDatabaseUntouched({ schemas, routines, tables, roles, reader }: Application): Remark[] {
  const taken = [
    ...schemas.filter(({ name }) => name === 'tenancy').map(({ name }) => `schema ${name}`),
    ...routines.map(({ name }) => name).filter((name) => /^inventory\.(new_id|iso)\(/.test(name)),
  ];
  const owners = new Set([...tables, ...schemas].map(({ owner }) => owner));
  return [
    ...taken.map((object) => ({
      object,
      says: 'not touched: the wall needs this name',
      remedy: 'Rename it. If it is an earlier adoption, apply the files of that one instead.',
    })),
    ...roles
      .filter(({ name, isReaders }) => owners.has(name) && !isReaders)
      .map(({ name, sql }) => ({
        object: `role ${name}`,
        says: `not touched: ${reader} does not have its rights, and cannot give its tables to another owner`,
        remedy: `Run grant ${sql} to the user of --database-url, or connect as a superuser.`,
      })),
  ];
}
