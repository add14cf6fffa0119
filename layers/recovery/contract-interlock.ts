import type { ClientBase } from 'pg';
import { backedUpConfig, evidenceConfig } from '#platform/config.ts';
import { environment } from '#platform/environment.ts';
import { putEvidence } from '#platform/evidence.ts';
import { MigrationError } from '#schema/migrations/migration-error.ts';
import type { Migration } from '#schema/migrations/migration-files.ts';
import { type BackedUpDatabase, backedUpDatabase, isReachedAt } from './backed-up-database.ts';
import { lastDrill } from './drill/records.ts';
import { blindness } from './monitor/blindness.ts';
import { ageOf, judge, notYet, type RecoveryPolicy, spoken } from './policy.ts';

export interface ContractInterlock {
  /** Where the migration runs. */
  readonly databaseUrl: string;
  readonly policy: RecoveryPolicy;
}

/** The instant to go back to, written down where the database cannot lose it. */
export interface ReturnPoint {
  readonly migration: string;
  /** The instance or cluster that is restored. */
  readonly source: string;
  /** A full second, whatever fraction of one RDS restores to: everything before it is in it, and nothing of the migration. */
  readonly at: Date;
  /** When its backups are given up. */
  readonly until: Date;
}

/** RDS instances, clusters and proxies. */
const awsHost = /\.rds\.amazonaws\.com(\.cn)?$/i;
const dayMs = 86_400_000;

/**
 * Lets a migration pass from which only a backup leads back: on AWS when a drill of this database has passed lately and the
 * log is shipped up to now. Elsewhere it asks nothing: there are no backups to be asked about.
 * @returns the time to return to; undefined elsewhere than on AWS
 * @throws MigrationError when there is no way back, or nobody knows
 */
export async function allowContract(
  file: Pick<Migration, 'name'>,
  client: ClientBase,
  interlock: ContractInterlock,
): Promise<ReturnPoint | undefined> {
  const backedUp = await findWayBack(file, client, interlock);
  if (!backedUp) return undefined;
  const at = await nextFullSecond(client);
  const point: ReturnPoint = {
    migration: file.name,
    source: backedUp.identifier,
    at,
    until: new Date(at.getTime() + backedUp.retentionDays * dayMs),
  };
  await unlessBlind(file, 'the time to return to cannot be written down', () =>
    putEvidence(
      `contracts/${file.name}/${at.toISOString()}.json`,
      `${JSON.stringify({ format: 'stockade contract 1', ...point }, null, 2)}\n`,
    ),
  );
  return point;
}

/** Asks as {@link allowContract} does, and changes nothing. Raises as it does. */
export async function findWayBack(
  file: Pick<Migration, 'name'>,
  client: ClientBase,
  { databaseUrl, policy }: ContractInterlock,
): Promise<BackedUpDatabase | undefined> {
  const { host, hostname } = new URL(databaseUrl);
  if (!isNamed()) {
    if (!awsHost.test(hostname) && !(await isManagedByRds(client))) return undefined;
    throw refusal(
      file,
      'which instance it is on is not said, so nobody knows of its backups',
      `Set ${environment.dbInstanceIdentifier} (or ${environment.dbClusterIdentifier}), ${environment.evidenceBucket} and ${environment.evidenceRetentionDays} as the functions have them.`,
    );
  }
  const now = await clockOf(client);
  const backedUp = await unlessBlind(file, 'whether it can be restored is not known', async () => {
    evidenceConfig();
    return await backedUpDatabase(backedUpConfig());
  });
  if (awsHost.test(hostname) && !isReachedAt(backedUp, hostname)) {
    throw refusal(
      file,
      `it runs at ${host}, which is no address of ${backedUp.identifier}`,
      `Set ${environment.dbInstanceIdentifier} (or ${environment.dbClusterIdentifier}) to what is behind that address.`,
    );
  }
  checkRestorable(file, backedUp, now, policy);
  await checkDrill(file, backedUp, now, policy);
  return backedUp;
}

async function checkDrill(
  file: Pick<Migration, 'name'>,
  { identifier }: BackedUpDatabase,
  now: Date,
  { contractDrillAgeMs }: RecoveryPolicy,
): Promise<void> {
  const drill = await unlessBlind(file, 'whether a drill has passed is not known', lastDrill);
  const remedy = 'Run npm run verify:backup, and migrate again when it has passed.';
  if (!drill) throw refusal(file, 'no backup has ever been restored and proven', remedy);
  const { id, request, passed, verdict, at, brokenLinks } = drill;
  if (request.source !== identifier)
    throw refusal(file, `the last drill, ${id}, was of ${request.source} and not of ${identifier}`, remedy);
  if (!passed) throw refusal(file, `the last drill, ${id}, has failed: ${verdict?.summary}`, remedy);
  if (brokenLinks.length > 0) {
    throw refusal(file, `records of drills were removed or replaced, before ${brokenLinks[0]}`, remedy);
  }
  const ageMs = ageOf(at, now);
  if (ageMs === undefined) throw refusal(file, `the last drill, ${id}, was at ${notYet(at)}`, remedy);
  if (ageMs > contractDrillAgeMs) {
    throw refusal(
      file,
      `the last drill, ${id}, passed ${spoken(ageMs)} ago, and ${spoken(contractDrillAgeMs)} at most are wanted`,
      remedy,
    );
  }
}

function checkRestorable(
  file: Pick<Migration, 'name'>,
  { identifier, latestRestorableAt }: BackedUpDatabase,
  now: Date,
  { recoveryPointAgeMs }: RecoveryPolicy,
): void {
  const behindMs = latestRestorableAt && ageOf(latestRestorableAt, now);
  if (behindMs !== undefined && judge(behindMs, recoveryPointAgeMs) !== 'fail') return;
  const fault = !latestRestorableAt
    ? `${identifier} cannot be restored to any point in time`
    : behindMs === undefined
      ? `${identifier} can be restored to ${notYet(latestRestorableAt)}`
      : `${identifier} can be restored to ${latestRestorableAt.toISOString()} only, ${spoken(behindMs)} ago`;
  throw refusal(
    file,
    fault,
    'See what npm run monitor:backups says, and migrate again when the log is shipped.',
  );
}

function isNamed(): boolean {
  return Boolean(
    process.env[environment.dbInstanceIdentifier] || process.env[environment.dbClusterIdentifier],
  );
}

/** Whatever the database is called by, as through a tunnel: on RDS, and nowhere else, there is this role. */
async function isManagedByRds(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ managed: boolean }>(
    `select pg_catalog.to_regrole('rds_superuser') is not null as managed`,
  );
  return rows[0]?.managed ?? false;
}

/** The database's, by which a time is restored; that of an operator may be wrong. */
async function clockOf(client: ClientBase): Promise<Date> {
  return await timeOf(client, 'select pg_catalog.clock_timestamp() as at');
}

/** What was committed before it is before it, and what is done after this returns is behind it. */
async function nextFullSecond(client: ClientBase): Promise<Date> {
  const at = await timeOf(
    client,
    `select pg_catalog.date_trunc('second', pg_catalog.clock_timestamp()) + interval '1 second' as at`,
  );
  await client.query('select pg_catalog.pg_sleep_until($1)', [at]);
  return at;
}

async function timeOf(client: ClientBase, query: string): Promise<Date> {
  const { rows } = await client.query<{ at: Date }>(query);
  const at = rows[0]?.at;
  if (!at) throw new Error('the database did not say what time it is');
  return at;
}

/** What cannot be found out is refused with its reason. */
async function unlessBlind<T>(
  file: Pick<Migration, 'name'>,
  fault: string,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    // Not as the cause: a command tells the innermost failure of a connection, and this one is not the database's.
    throw refusal(
      file,
      `${fault}. ${blindness(error).summary}`,
      'docs/runbook/backup-could-not-run.md says what to do about it.',
    );
  }
}

function refusal({ name }: Pick<Migration, 'name'>, fault: string, remedy: string): MigrationError {
  return new MigrationError(
    `${name} leaves only a backup as the way back, and ${fault}`,
    `${remedy} Nothing of it was done; what was applied before it stays.`,
  );
}
