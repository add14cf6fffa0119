import type { Client } from 'pg';

/**
 * Lets the owner of the tables see their rows, until the transaction that is open is undone: where it sees none, there is
 * nothing that could be missing, and everything would seem to be there. Whom policies do not hold sees them anyway.
 */
export async function seeEverything(client: Client): Promise<void> {
  if (await bypassesRowSecurity(client)) return;
  await client.query('set local role stockade_owner');
  const { rows } = await client.query<{ table: string }>(
    `select oid::regclass::text as "table" from pg_class where relkind = 'r' and relforcerowsecurity`,
  );
  for (const { table } of rows) await client.query(`alter table ${table} no force row level security`);
}

async function bypassesRowSecurity(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ bypasses: boolean }>(
    'select rolsuper or rolbypassrls as bypasses from pg_roles where rolname = current_user',
  );
  return rows[0]?.bypasses ?? false;
}
