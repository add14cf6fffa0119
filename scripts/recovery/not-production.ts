import { randomInt } from 'node:crypto';
import { Client } from 'pg';
import { connectNoted } from '#platform/postgres/connection-failures.ts';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { newestHeartbeat } from '#recovery/heartbeat.ts';
import { spoken } from '#recovery/policy.ts';
import { CommandError } from '../cli/failure.ts';

/** Production writes one heartbeat per minute. A copy has only the last one of its source. */
const restMs = 3 * 60_000;
const logins = ['stockade_api', 'stockade_jobs', 'stockade_admin'];

/**
 * Refuses a database that is in use: the proofs lock its tables, and its users would have to wait until they end.
 * `production` are the URLs that might name the same database in another way.
 * @throws CommandError when it is one of them, has users, or could be production
 */
export async function refuseProduction(copyUrl: string, production: readonly string[]): Promise<void> {
  await connected(copyUrl, async (copy) => {
    for (const url of production) {
      if (!(await connected(url, (client) => isSameDatabase(client, copy)))) continue;
      throw refusal('it is production', 'Restore a backup beside production, and name that.');
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
      throw refusal('it is a standby, where no table can be locked', 'Promote it, or restore a backup.');
    if (users.length > 0) throw refusal(`it is in use by ${users.join(' and ')}`, 'Nothing may use a copy.');
    if (production.length === 0) await refuseAlive(copy);
  });
}

/**
 * Refuses to restore an organization from production into production: they would never differ.
 * @throws CommandError when both URLs name the same database
 */
export async function refuseItself(copyUrl: string, productionUrl: string): Promise<void> {
  const isSame = await connected(copyUrl, (copy) =>
    connected(productionUrl, (production) => isSameDatabase(production, copy)),
  );
  if (!isSame) return;
  throw new CommandError(
    '--from names production itself, not a copy of it',
    'Prepare a copy with npm run restore, which prints its URL. Nothing was changed.',
  );
}

/** Advisory locks conflict only within one database, whatever its name and address. */
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
    `its newest heartbeat is only ${spoken(Math.max(0, ageMs))} old, so it may be production`,
    'Name production with --database-url, so that the command can compare them.',
  );
}

function refusal(fault: string, remedy: string): CommandError {
  return new CommandError(
    `refused to prove the database that --copy names: ${fault}`,
    `${remedy} The proofs lock every table. Nothing was done.`,
  );
}

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: url,
    application_name: 'stockade-command',
    connectionTimeoutMillis: 10_000,
  });
  try {
    await connectNoted(client);
    return await work(client);
  } finally {
    await client.end();
  }
}
