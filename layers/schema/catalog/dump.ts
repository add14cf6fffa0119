import type { ClientBase } from 'pg';
import {
  type Attachment,
  readEventTriggers,
  readIndexes,
  readRowSecurity,
  readRules,
  readStatistics,
  readTriggers,
} from './attachments.ts';
import { IncompleteDump, type ObjectKey, type Piece, type ReadCatalog, withCatalog } from './catalog.ts';
import { readComments } from './comments.ts';
import { refuseUnknown } from './completeness.ts';
import { type Dependencies, dumpedWith, readDependencies } from './dependencies.ts';
import { readFunctions } from './functions.ts';
import { readDefaultPrivileges, readGrants } from './grants.ts';
import { readExtensions, readSchemas } from './namespaces.ts';
import { cyclicPieces, inDependencyOrder } from './order.ts';
import { readDatabase, readRoles } from './roles.ts';
import { readSequenceOwners, readSequences } from './sequences.ts';
import { readTables, type TableParts, tablePieces } from './tables.ts';
import { readTypes } from './types.ts';
import { readViews } from './views.ts';

const header = `-- The whole schema as the database tells it. Written by \`npm run schema\`; \`npm run check\` compares it with
-- what sql/migrations and sql/functions make. Do not edit it: change those.
-- It can be executed, as a superuser, on an empty database of a cluster that has the roles.
set check_function_bodies = off;
set search_path = '';`;

/**
 * Writes everything in a database that is not data as SQL: complete, executable, and always the same text for the same
 * schema. Connect as a superuser, who sees every object.
 * @throws IncompleteDump when the dump would leave something out
 */
export async function dumpCatalog(client: ClientBase): Promise<string> {
  return await withCatalog(client, async (read) => {
    await refuseUnknown(read);
    const extras = await readExtras(read);
    const sections = [
      header,
      ...section('Roles, as sql/roles.sql makes them', await readRoles(read)),
      ...section('Database', await readDatabase(read)),
      ...section('Schemas', (await readSchemas(read)).flatMap(extras.complete)),
      ...section('Extensions', (await readExtensions(read)).flatMap(extras.complete)),
      ...(await dumpObjects(read, extras)),
      ...section('Event triggers', await readEventTriggers(read)),
      ...section('Privileges of objects to come', await readDefaultPrivileges(read)),
    ];
    extras.refuseLeftovers();
    return `${sections.join('\n\n')}\n`;
  });
}

async function dumpObjects(read: ReadCatalog, extras: Extras): Promise<string[]> {
  const dependencies = await readDependencies(read);
  const parts = await readTables(read);
  const others = [
    ...(await readTypes(read)),
    ...(await readSequences(read)),
    ...(await readFunctions(read)),
    ...(await readViews(read)),
  ];
  const { pieces, foreignKeys } = settle(parts, others, dependencies);
  const keys = new Set([...pieces, ...foreignKeys].map(({ key }) => key));
  extras.assign((key) => dumpedWith(key, dependencies.wholeOf, (each) => keys.has(each)));

  const relations = pieces.filter(({ key }) => key.startsWith('pg_class:'));
  const attached = await readAttachments(read, extras, foreignKeys, parts);
  return [
    ...pieces.map((piece) => [`-- ${piece.name}`, ...extras.complete(piece)].join('\n')),
    ...section('Sequences and the columns they serve', await readSequenceOwners(read)),
    ...section('Indexes', withExtras(await readIndexes(read), extras)),
    ...relations.flatMap(({ key, name }) => section(`On ${name}`, attached(key))),
  ];
}

/** Decides the order. Defaults and constraints are separated from their table if they need something that comes later. */
function settle(parts: TableParts, others: readonly Piece[], dependencies: Dependencies) {
  const arrange = (apart: ReadonlySet<ObjectKey>) => {
    const { tables, foreignKeys } = tablePieces(parts, apart);
    const pieces = [...others, ...tables];
    const keys = new Set(pieces.map(({ key }) => key));
    const lift = (key: ObjectKey) => dumpedWith(key, dependencies.wholeOf, (each) => keys.has(each));
    const all = dependencies.all
      // The needs of a foreign key do not matter here: it comes after all tables.
      .filter(({ from }) => !foreignKeys.some(({ key }) => key === from))
      .map(({ from, to }) => ({ from: lift(from), to: lift(to) }));
    return { pieces, foreignKeys, all };
  };
  const together = arrange(new Set());
  const inCycle = cyclicPieces(together.pieces, together.all);
  const apart = new Set([
    ...parts.columns.flatMap(({ table, defaultKey }) =>
      defaultKey && inCycle.has(table) ? [defaultKey] : [],
    ),
    ...parts.constraints
      .filter(({ table, kind }) => kind === 'c' && inCycle.has(table))
      .map(({ key }) => key),
  ]);
  const { pieces, foreignKeys, all } = apart.size > 0 ? arrange(apart) : together;
  return { pieces: inDependencyOrder(pieces, all), foreignKeys };
}

async function readAttachments(
  read: ReadCatalog,
  extras: Extras,
  foreignKeys: readonly Piece[],
  parts: TableParts,
): Promise<(table: ObjectKey) => string[]> {
  const tableOf = new Map(parts.constraints.map(({ key, table }) => [key, table]));
  const attachments: Attachment[] = [
    ...foreignKeys.map(({ key, statements }) => ({
      key,
      table: tableOf.get(key) ?? key,
      statement: statements.join('\n'),
    })),
    ...(await readStatistics(read)),
    ...(await readTriggers(read)),
    ...(await readRules(read)),
    ...(await readRowSecurity(read)),
  ];
  const byTable = Map.groupBy(attachments, ({ table }) => table);
  return (table) => withExtras(byTable.get(table) ?? [], extras);
}

function withExtras(attachments: readonly Attachment[], extras: Extras): string[] {
  return attachments.flatMap(({ key, statement }) => [
    ...(statement ? [statement] : []),
    ...extras.take(key),
  ]);
}

/** The statements after an object is created: its comments and its grants. */
interface Extras {
  /** Assigns the statements of a part (a column default, a constraint inside its table) to the object it is dumped with. */
  assign(dumpedAs: (key: ObjectKey) => ObjectKey): void;
  take(key: ObjectKey): string[];
  complete(piece: Piece): string[];
  /** @throws IncompleteDump when there are statements for an object that was not dumped */
  refuseLeftovers(): void;
}

async function readExtras(read: ReadCatalog): Promise<Extras> {
  const grants = await readGrants(read);
  const comments = await readComments(read);
  let byObject = Map.groupBy([...comments, ...grants], ([key]) => key);
  const take = (key: ObjectKey) => {
    const own = byObject.get(key) ?? [];
    byObject.delete(key);
    return own.flatMap(([, statements]) => statements);
  };
  return {
    assign: (dumpedAs) => {
      byObject = Map.groupBy([...byObject.values()].flat(), ([key]) => dumpedAs(key));
    },
    take,
    complete: ({ key, statements }) => [...statements, ...take(key)],
    refuseLeftovers: () => {
      const [left] = [...byObject.values()].flat();
      if (left) throw new IncompleteDump(`the object of: ${left[1].join(' ')}`);
    },
  };
}

function section(title: string, statements: readonly string[]): string[] {
  return statements.length > 0 ? [`-- ${title}\n${statements.join('\n')}`] : [];
}
