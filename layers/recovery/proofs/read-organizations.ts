import type { Client } from 'pg';

/** The organizations of a copy, including suspended ones: their ledgers must be proven too. */
export async function readOrganizations(client: Client): Promise<{ id: string; slug: string }[]> {
  await client.query('set role stockade_admin');
  const { rows } = await client.query<{ id: string; slug: string }>(
    'select id, slug from tenancy.organizations order by slug',
  );
  await client.query('reset role');
  return rows;
}
