import { Client, escapeIdentifier } from 'pg';
import { connectNoted } from '#platform/postgres/connection-failures.ts';
import type { LoginRole } from '#scripts/local/logins.ts';

/**
 * Connects with the operator's URL and takes one of Stockade's roles first, so that row-level security applies to a command
 * as it does to a function. Closes the connection when the work has succeeded or failed.
 */
export async function withRole<T>(
  databaseUrl: string,
  role: LoginRole,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    connectionString: databaseUrl,
    application_name: 'stockade-command',
    connectionTimeoutMillis: 10_000,
  });
  try {
    // When the client itself refuses (no password, say), the server keeps waiting: only end() lets this process exit.
    await connectNoted(client);
    await client.query(`set role ${escapeIdentifier(role)}`);
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The same with several connections. */
export async function withRoles<T>(
  databaseUrl: string,
  role: LoginRole,
  count: number,
  work: (clients: readonly [Client, ...Client[]]) => Promise<T>,
): Promise<T> {
  return await withRole(databaseUrl, role, async (client) =>
    count === 1
      ? await work([client])
      : await withRoles(databaseUrl, role, count - 1, async (others) => await work([client, ...others])),
  );
}
