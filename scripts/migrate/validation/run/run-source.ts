import { join } from 'node:path';
import { Client, escapeIdentifier } from 'pg';
import { MigrationError, sqlstateOf } from '#schema/migration-error.ts';
import { applyRoles } from '#schema/migrations/apply-roles.ts';
import { migrate } from '#schema/migrations/migrate.ts';
import { as, everyNode } from '#schema/validator/syntax/nodes.ts';
import type { FileVerdict } from '#schema/validator/validate.ts';
import { createScratchDatabase } from '../../catalog/scratch-database.ts';
import { fillTables } from '../rows/fill-tables.ts';
import type { SourceVerdict } from '../verdicts.ts';
import { type Disagreement, disagreementsOf } from './disagreements.ts';
import { type FileObservation, observeFile } from './observe-file.ts';

/** What happened when a file ran. */
export interface FileRun {
  readonly file: string;
  readonly disagreements: readonly Disagreement[];
  /** Why it could not run; then nothing is known. */
  readonly failure?: string;
  /** What was done without: rows in some tables. */
  readonly notes: readonly string[];
}

/**
 * Runs the wanted files of a source, each on a database that has the files before it and rows in every table, and compares
 * what they do with what their text was taken to say.
 * @param clusterUrl a superuser's URL to a server where roles and databases may come and go
 */
export async function runSource(
  clusterUrl: string,
  verdict: SourceVerdict,
  options: { readonly signal?: AbortSignal; readonly onFile?: (file: string) => void } = {},
): Promise<FileRun[]> {
  await createRoles(clusterUrl, verdict.files);
  await using base = await createScratchDatabase(clusterUrl);
  const runs: FileRun[] = [];
  const { runner, wanted, folder } = verdict.source;
  const last = verdict.files.findLastIndex(({ file }) => wanted.has(file.file));
  let stopped: string | undefined;
  for (const [index, file] of verdict.files.slice(0, last + 1).entries()) {
    options.signal?.throwIfAborted();
    const name = file.file.file;
    if (wanted.has(name)) {
      options.onFile?.(name);
      if (stopped) {
        runs.push({ file: name, disagreements: [], notes: [], failure: stopped });
        continue;
      }
      await advance(base.url, verdict, index);
      const content = verdict.source.files.find((text) => text.file === name)?.content ?? '';
      const roles = runner === 'stockade' ? rolesFile(folder) : undefined;
      runs.push(await runFile({ clusterUrl, template: base.name, roles }, file, content));
    }
    if (runner !== 'stockade' && index < last) stopped ??= await passBy(base.url, file, verdict);
  }
  return runs;
}

/** Brings the database to the state before a file. */
async function advance(url: string, { source }: SourceVerdict, index: number): Promise<void> {
  if (source.runner !== 'stockade') return;
  if (index > 0) {
    await migrate({ connectionString: url, directory: source.folder, target: index });
    return;
  }
  const client = new Client({ connectionString: url });
  await client.connect();
  await applyRoles(client, rolesFile(source.folder)).finally(() => client.end());
}

function rolesFile(folder: string): string {
  return join(folder, '..', 'roles.sql');
}

/** Runs a file for those after it. Where it fails, they cannot run either, and the reason is returned. */
async function passBy(
  url: string,
  file: FileVerdict,
  { source }: SourceVerdict,
): Promise<string | undefined> {
  const content = source.files.find((text) => text.file === file.file.file)?.content ?? '';
  try {
    await observeFile(url, file, content);
    return undefined;
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    return `a file before it fails: ${error.message}`;
  }
}

/** Roles that the files name and that no file creates, as the database of an application has them. */
async function createRoles(clusterUrl: string, files: readonly FileVerdict[]): Promise<void> {
  const statements = files.flatMap(({ file }) => file.statements);
  const named = statements.flatMap(({ node }) =>
    [...everyNode(node)].flatMap((each) => as(each, 'RoleSpec')?.rolename ?? []),
  );
  const created = statements.flatMap(({ node }) => as(node, 'CreateRoleStmt')?.role ?? []);
  const client = new Client({ connectionString: clusterUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ rolname: string }>('select rolname from pg_roles');
    const known = new Set([...rows.map(({ rolname }) => rolname), ...created]);
    for (const role of new Set(named)) {
      if (!known.has(role)) await client.query(`create role ${escapeIdentifier(role)}`);
    }
  } finally {
    await client.end();
  }
}

/** How many tables get rows: fewer when the file itself writes rows that collide with made-up ones. */
const attempts = ['every table', 'the tables it locks', 'no table'] as const;

/** The state before a file: a database that nobody is connected to. */
export interface Before {
  readonly clusterUrl: string;
  readonly template: string;
  /** A copy has the objects of its template but not the privileges of the database itself: these give them again. */
  readonly roles?: string | undefined;
}

/** Faults for which Postgres, or the runner, would refuse the file at once. */
const refusedAtOnce = new Set(['transaction-control', 'concurrently-in-transaction']);

/** Statements that would change the server on which others run too. */
const ofServer = new Set<string>([
  'DropdbStmt',
  'CreatedbStmt',
  'AlterDatabaseStmt',
  'AlterDatabaseSetStmt',
  'AlterDatabaseRefreshCollStmt',
  'AlterSystemStmt',
]);

/** Why a file is not run; undefined when it is. */
function reasonNotToRun({ findings, file }: FileVerdict): string | undefined {
  const fault = findings.find(({ rule }) => refusedAtOnce.has(rule));
  if (fault) return `not run: ${fault.detail}`;
  const statement = file.statements.find(({ kind }) => ofServer.has(kind));
  return statement && `not run: line ${statement.line} changes the server`;
}

/** Runs one file on a copy of a database, loaded with rows. */
export async function runFile(before: Before, verdict: FileVerdict, content: string): Promise<FileRun> {
  const file = verdict.file.file;
  const locked = new Set(verdict.reviews.flatMap(({ effects }) => effects.tables.map(({ table }) => table)));
  const reason = reasonNotToRun(verdict);
  if (reason) return { file, disagreements: [], notes: [reason] };
  const notes: string[] = [];
  for (const filled of attempts) {
    try {
      const observation = await observeCopy(before, verdict, content, (table) =>
        filled === 'every table' ? true : filled === 'no table' ? false : locked.has(bare(table)),
      );
      return { file, disagreements: disagreementsOf(file, observation), notes };
    } catch (error) {
      if (!(error instanceof MigrationError)) throw error;
      if (!meetsRows(error) || filled === 'no table') {
        return { file, disagreements: [], notes, failure: error.message };
      }
      notes.push(`with made-up rows in ${filled} it fails, so it ran with fewer: ${error.message}`);
    }
  }
  throw new Error('unreachable');
}

function bare(name: string): string {
  return name.replaceAll('"', '');
}

/** Class 22 and 23: a value or a row that does not fit, not the statement. */
function meetsRows({ cause }: MigrationError): boolean {
  return /^2[23]/.test(sqlstateOf(cause) ?? '');
}

async function observeCopy(
  { clusterUrl, template, roles }: Before,
  verdict: FileVerdict,
  content: string,
  isFilled: (table: string) => boolean,
): Promise<FileObservation> {
  await using copy = await createScratchDatabase(clusterUrl, template);
  const client = new Client({ connectionString: copy.url });
  await client.connect();
  try {
    if (roles) await applyRoles(client, roles);
    await fillTables(client, isFilled);
  } finally {
    await client.end();
  }
  return await observeFile(copy.url, verdict, content);
}
