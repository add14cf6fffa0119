import type { Client } from 'pg';
import type { FunctionFile } from '../../book/function-files.ts';
import { MigrationError } from '../../migration-error.ts';
import { splitStatements } from '../../script/sql-statements.ts';
import { type ApplyContext, retried } from '../apply-migration.ts';
import { runAtOnce } from '../run-at-once.ts';
import { recordFunctions } from './function-journal.ts';
import { checkRoutines, readRoutines } from './routines.ts';

/** What applying a function file needs besides the file. */
export interface FunctionsContext extends ApplyContext {
  /** Whether a migration that is still to be applied drops the routine `schema.name`. */
  readonly isDropped: (name: string) => boolean;
}

/**
 * Runs a file of functions, all of it or nothing, and records its digest. The role that the file names creates the functions
 * and so owns them; the owner of the schema lends it the right to.
 * @returns how long the successful attempt took, in milliseconds
 * @throws MigrationError naming file, line, column and SQLSTATE
 */
export async function applyFunctions(
  client: Client,
  file: FunctionFile,
  context: FunctionsContext,
): Promise<number> {
  const statements = splitStatements(file.content);
  if (statements.length === 0) {
    throw new MigrationError(`${file.file} holds no statement`, 'Write its functions, or remove the file.');
  }
  return await retried(client, file.file, context, () => {
    let there: Awaited<ReturnType<typeof readRoutines>> = [];
    return runAtOnce(client, file, statements, context, {
      before: async () => {
        await revokeGrants(client, file);
        there = await readRoutines(client);
      },
      record: async (durationMs) => {
        const created = await checkRoutines(client, file, there, context.isDropped);
        await recordFunctions(client, file, created, durationMs);
      },
    });
  });
}

/**
 * Takes away every grant on the functions of a file, which then grants again what it names: a grant that was removed from the
 * file must not stay. Only what a new function of this owner has by default is left.
 */
async function revokeGrants(client: Client, { routines }: FunctionFile): Promise<void> {
  const { rows } = await client.query<{ revoke: string }>(
    `select format(
         'revoke all on routine %s from %s',
         p.oid::regprocedure,
         coalesce(quote_ident(pg_get_userbyid(nullif(a.grantee, 0))), 'public')
       ) as revoke
     from unnest($1::text[]) as routine
     join pg_namespace n on n.nspname = split_part(routine, '.', 1)
     join pg_proc p on p.pronamespace = n.oid and p.proname = split_part(routine, '.', 2)
     left join pg_default_acl d on d.defaclrole = p.proowner and d.defaclnamespace = 0 and d.defaclobjtype = 'f'
     cross join lateral aclexplode(p.proacl) a
     where p.proowner = current_user::regrole
       and a.grantee <> p.proowner
       and not exists (
         select from aclexplode(coalesce(d.defaclacl, acldefault('f', p.proowner))) given
         where given.grantee = a.grantee
       )
     order by revoke`,
    [routines],
  );
  for (const { revoke } of rows) await client.query(revoke);
}
