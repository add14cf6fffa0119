import type { Client } from 'pg';

/**
 * Lets the owner of the tables see every row until the open transaction is rolled back. Without this, row-level security
 * hides all rows, and the proof would find nothing missing. A role that bypasses row-level security needs nothing.
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
