import type { Client } from 'pg';
import type { FunctionFile } from '../../book/function-files.ts';
import { MigrationError } from '../../migration-error.ts';

/** A function or procedure that a database has. */
export interface Routine {
  /** `schema.name`. */
  readonly name: string;
  /** `schema.name(types of its arguments)`: overloads differ in it. */
  readonly signature: string;
}

/** A routine as it is stored now: a statement that creates or replaces it gives it another version. */
interface StoredRoutine extends Routine {
  readonly oid: number;
  readonly version: string;
}

/**
 * The functions and procedures of a database, without those of Postgres itself and of extensions. Signatures are the same for
 * every user and search path.
 */
export async function readRoutines(client: Client): Promise<readonly StoredRoutine[]> {
  const { rows } = await client.query<StoredRoutine>(
    `select p.oid, p.ctid::text as version, n.nspname || '.' || p.proname as name,
       format('%s.%s(%s)', n.nspname, p.proname, types.names) as signature
     from pg_proc p
     join pg_namespace n on n.oid = p.pronamespace
     cross join lateral (
       select string_agg(
           case t.typnamespace
             when 'pg_catalog'::regnamespace then format_type(t.oid, null)
             else format('%s.%I', t.typnamespace::regnamespace, t.typname)
           end,
           ', ' order by a.place
         ) as names
       from unnest(p.proargtypes) with ordinality as a (type, place)
       join pg_type t on t.oid = a.type
     ) types
     where n.nspname not in ('pg_catalog', 'information_schema')
       and not exists (
         select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
       )
     order by signature`,
  );
  return rows;
}

/**
 * Compares what a function file has created with what it says it defines. Runs in the transaction of the file, after its
 * statements.
 * @param before what there was before the file ran
 * @param isDropped whether a later migration drops the routine of this name
 * @returns the signatures that the file has created or replaced
 * @throws MigrationError when it has created something else, has not created everything, or leaves an overload behind that
 *   a fresh installation would not have
 */
export async function checkRoutines(
  client: Client,
  { file, routines }: FunctionFile,
  before: readonly StoredRoutine[],
  isDropped: (name: string) => boolean,
): Promise<string[]> {
  const versions = new Map(before.map(({ oid, version }) => [oid, version]));
  const after = await readRoutines(client);
  const unlisted = after.find(({ name, oid }) => !routines.includes(name) && !versions.has(oid));
  if (unlisted) {
    throw new MigrationError(
      `${file} creates ${unlisted.signature}, and no line of it says so`,
      `Begin a line with "create or replace function ${unlisted.name}": the runner, and readers, find definitions by it.`,
    );
  }
  const named = after.filter(({ name }) => routines.includes(name));
  const own = named.filter(({ oid, version }) => versions.get(oid) !== version);
  const missing = routines.find((routine) => !own.some(({ name }) => name === routine));
  if (missing) {
    throw new MigrationError(
      `${file} defines ${missing}, but did not create it`,
      'Remove the condition around it, or the definition.',
    );
  }
  const left = named.find((routine) => !own.includes(routine) && !isDropped(routine.name));
  if (left) throw leftBehind(`${file} defines ${left.name} without ${left.signature}`, left);
  return own.map(({ signature }) => signature);
}

/**
 * Refuses a database that has overloads of the book's functions which no function file creates.
 * @param recorded the signatures that the function files have created
 */
export async function refuseLeftBehind(client: Client, recorded: readonly string[]): Promise<void> {
  const names = new Set(recorded.map(nameOf));
  const left = (await readRoutines(client)).find(
    ({ name, signature }) => names.has(name) && !recorded.includes(signature),
  );
  if (left) throw leftBehind(`no function file defines ${left.signature}`, left);
}

/** `schema.name` of a signature. */
export function nameOf(signature: string): string {
  return signature.replace(/\(.*$/s, '');
}

function leftBehind(fault: string, { signature }: Routine): MigrationError {
  return new MigrationError(
    `${fault}, which this database has`,
    `A changed signature is a new name until the old one has no caller: give the new function another name. When nothing calls the old one, drop it in a migration: drop function ${signature};`,
  );
}
