import { Client, escapeIdentifier } from 'pg';
import type { LoginRole } from '#scripts/local/logins.ts';

/**
 * Connects with the operator's URL and takes one of Stockade's roles before anything else, so that row-level security
 * holds for a command as it does for a function; closes the connection when the work is done or has failed.
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
  // A connection that is lost between statements fails the next one; without a listener it would end the process.
  client.on('error', () => {});
  try {
    // Refused on this side, as for want of a password, the server waits for more, and this process with it.
    await client.connect();
    await client.query(`set role ${escapeIdentifier(role)}`);
    return await work(client);
  } finally {
    await client.end();
  }
}
