import type { Client } from 'pg';
import type { Migration } from '../../book/migration-files.ts';
import { MigrationError } from '../../migration-error.ts';

/**
 * Refuses a backfill of a table whose policies hide rows from its role. They do so without an error: a backfill that sees
 * nothing would be done with nothing.
 */
export async function refuseHidden(client: Client, file: Migration): Promise<void> {
  const names = [...new Set(file.content.match(/\b[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*\b/g))];
  const { rows } = await client.query<{ table: string }>(
    // By name, not by to_regclass(): that needs the use of the schema.
    `select format('%I.%I', n.nspname, c.relname) as "table"
     from unnest($1::text[]) as name
     join pg_namespace n on n.nspname = split_part(name, '.', 1)
     join pg_class c on c.relnamespace = n.oid and c.relname = split_part(name, '.', 2) and c.relrowsecurity
     where not (pg_get_userbyid(c.relowner) = $2 and not c.relforcerowsecurity)
       and not exists (
         select from pg_policy p
         where p.polrelid = c.oid
           and p.polpermissive
           and p.polcmd in ('*', 'r')
           and pg_get_expr(p.polqual, p.polrelid) = 'true'
           and p.polroles && array[0, to_regrole($2)::oid]
       )
     order by 1`,
    [names, file.role],
  );
  if (rows.length === 0) return;
  throw new MigrationError(
    `${file.file}: row-level security hides rows of ${rows.map(({ table }) => table).join(', ')} from ${file.role}`,
    'Run it as a role whose policy shows every row ("--! role …"): a backfill that sees no rows would be done at once.',
  );
}
