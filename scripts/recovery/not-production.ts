import { randomInt } from 'node:crypto';
import { Client } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { newestHeartbeat } from '#recovery/heartbeat.ts';
import { spoken } from '#recovery/policy.ts';
import { CommandError } from '../cli/failure.ts';

/** Production leaves a heartbeat a minute; a copy has the last one of its source. */
const restMs = 3 * 60_000;
const logins = ['stockade_api', 'stockade_jobs', 'stockade_admin'];

/**
 * Sees that a URL does not lead to a database that is in use: the proofs lock its tables, and whoever waits for them would
 * wait for all of it. `production` are the URLs that might be the same database under another name.
 * @throws CommandError when it is one of them, is used, or could be production as far as anybody can tell
 */
export async function refuseProduction(copyUrl: string, production: readonly string[]): Promise<void> {
  await connected(copyUrl, async (copy) => {
    for (const url of production) {
      if (!(await connected(url, (client) => isSameDatabase(client, copy)))) continue;
      throw refusal('it is production', 'Restore a backup beside it, and name that.');
    }
    const { rows } = await copy.query<{ standby: boolean; users: string[] }>(
      `select pg_catalog.pg_is_in_recovery() as standby,
         array(
           select distinct a.usename::text
           from pg_catalog.pg_stat_activity a
           where a.datname = pg_catalog.current_database()
             and a.pid <> pg_catalog.pg_backend_pid()
             and a.usename = any ($1)
           order by 1
         ) as users`,
      [logins],
    );
    const { standby = false, users = [] } = rows[0] ?? {};
    if (standby)
      throw refusal('it is a standby, in which nothing can be locked', 'Promote it, or restore a backup.');
    if (users.length > 0) throw refusal(`${users.join(' and ')} work in it`, 'A copy is used by nobody.');
    if (production.length === 0) await refuseAlive(copy);
  });
}

/**
 * Sees that an organization is not to be taken out of the database it is to come back to: then nothing would ever differ.
 * @throws CommandError when both are one, whatever they are called by
 */
export async function refuseItself(copyUrl: string, productionUrl: string): Promise<void> {
  const isSame = await connected(copyUrl, (copy) =>
    connected(productionUrl, (production) => isSameDatabase(production, copy)),
  );
  if (!isSame) return;
  throw new CommandError(
    'what --from names is production itself, and no copy of it',
    'Prepare a copy with npm run restore; it prints the URL. Nothing was done.',
  );
}

/** A lock of one is in the way of the other only within one database, whatever it is called by and reached through. */
async function isSameDatabase(client: Client, copy: Client): Promise<boolean> {
  const key = [randomInt(2 ** 31), randomInt(2 ** 31)];
  return await inTransaction(client, async () => {
    await client.query('select pg_catalog.pg_advisory_xact_lock($1, $2)', key);
    const { rows } = await copy.query<{ free: boolean }>(
      'select pg_catalog.pg_try_advisory_xact_lock($1, $2) as free',
      key,
    );
    return rows[0]?.free === false;
  });
}

async function refuseAlive(copy: Client): Promise<void> {
  const { rows } = await copy.query<{ beats: boolean; now: Date }>(
    `select pg_catalog.to_regprocedure('recovery.newest_heartbeat()') is not null as beats,
       pg_catalog.clock_timestamp() as now`,
  );
  if (!rows[0]?.beats) return;
  await copy.query('set role stockade_jobs');
  const newest = await newestHeartbeat(copy);
  const ageMs = newest ? rows[0].now.getTime() - newest.at.getTime() : restMs;
  if (ageMs >= restMs) return;
  throw refusal(
    `its newest heartbeat is ${spoken(Math.max(0, ageMs))} old, so it may be production`,
    'Name production with --database-url, so that the two can be told apart.',
  );
}

function refusal(fault: string, remedy: string): CommandError {
  return new CommandError(
    `what --copy names is not proven: ${fault}`,
    `${remedy} The proofs lock every table of it; nothing was done.`,
  );
}

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: url,
    application_name: 'stockade-command',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}
