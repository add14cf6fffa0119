import type { ClientBase } from 'pg';
import { putEvidence } from '#platform/aws/evidence.ts';
import { backedUpConfig, evidenceConfig } from '#platform/config.ts';
import { environment } from '#platform/environment.ts';
import type { Migration } from '#schema/book/migration-files.ts';
import { MigrationError } from '#schema/migration-error.ts';
import { type BackedUpDatabase, backedUpDatabase, isReachedAt } from './backed-up-database.ts';
import { lastDrill } from './drill/records.ts';
import { blindness } from './monitor/blindness.ts';
import { ageOf, judge, notYet, type RecoveryPolicy, spoken } from './policy.ts';

export interface ContractInterlock {
  /** The database to migrate. */
  readonly databaseUrl: string;
  readonly policy: RecoveryPolicy;
}

/** The time to restore to when you undo a migration. It is recorded outside the database, which therefore cannot lose it. */
export interface ReturnPoint {
  readonly migration: string;
  /** The instance or cluster to restore. */
  readonly source: string;
  /**
   * A full second, because RDS may round. A restore to it contains every earlier commit and nothing of the migration.
   */
  readonly at: Date;
  /** The time until which RDS keeps the backups. */
  readonly until: Date;
}

/** Matches the hosts of RDS instances, clusters and proxies. */
const awsHost = /\.rds\.amazonaws\.com(\.cn)?$/i;
const dayMs = 86_400_000;

/**
 * Allows a migration that only a backup can undo. On AWS a drill of this database must have passed recently, and the log
 * must be shipped up to now. Outside AWS it checks nothing, because there are no backups to check.
 * @returns the time to restore to; undefined outside AWS
 * @throws MigrationError when the database cannot be restored, or when that could not be checked
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
  await unlessBlind(file, 'the time to restore to could not be recorded', () =>
    putEvidence(
      `contracts/${file.name}/${at.toISOString()}.json`,
      `${JSON.stringify({ format: 'stockade contract 1', ...point }, null, 2)}\n`,
    ),
  );
  return point;
}

/** Checks what {@link allowContract} checks, and records nothing. Raises the same errors. */
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
      'no setting names its instance, so its backups could not be checked',
      `Set ${environment.dbInstanceIdentifier} (or ${environment.dbClusterIdentifier}), ${environment.evidenceBucket} and ${environment.evidenceRetentionDays} to the values that the functions have.`,
    );
  }
  const now = await clockOf(client);
  const backedUp = await unlessBlind(file, 'its backups could not be checked', async () => {
    evidenceConfig();
    return await backedUpDatabase(backedUpConfig());
  });
  if (awsHost.test(hostname) && !isReachedAt(backedUp, hostname)) {
    throw refusal(
      file,
      `it runs at ${host}, which is not an address of ${backedUp.identifier}`,
      `Set ${environment.dbInstanceIdentifier} (or ${environment.dbClusterIdentifier}) to the instance (or cluster) at that address.`,
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
  const drill = await unlessBlind(file, 'the drill records could not be read', lastDrill);
  const remedy = 'Run npm run verify:backup, and migrate again when it passes.';
  if (!drill) throw refusal(file, 'no backup has ever been restored and proven', remedy);
  const { id, request, passed, verdict, at, brokenLinks, unreadableSince } = drill;
  if (request.source !== identifier)
    throw refusal(file, `the last drill, ${id}, restored ${request.source}, not ${identifier}`, remedy);
  if (!passed) throw refusal(file, `the last drill, ${id}, failed: ${verdict?.summary}`, remedy);
  if (brokenLinks.length > 0) {
    throw refusal(file, `drill records before ${brokenLinks[0]} were removed or replaced`, remedy);
  }
  if (unreadableSince.length > 0)
    throw refusal(file, `${unreadableSince[0]} is no record of a drill`, remedy);
  const ageMs = ageOf(at, now);
  if (ageMs === undefined) throw refusal(file, `the last drill, ${id}, was at ${notYet(at)}`, remedy);
  if (ageMs > contractDrillAgeMs) {
    throw refusal(
      file,
      `the last drill, ${id}, passed ${spoken(ageMs)} ago, and the limit is ${spoken(contractDrillAgeMs)}`,
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
      : `${identifier} can be restored only to ${latestRestorableAt.toISOString()}, ${spoken(behindMs)} ago`;
  throw refusal(
    file,
    fault,
    'Run npm run monitor:backups, and migrate again when latest-restorable-time is ok.',
  );
}

function isNamed(): boolean {
  return Boolean(
    process.env[environment.dbInstanceIdentifier] || process.env[environment.dbClusterIdentifier],
  );
}

/** Recognizes RDS by a role that exists only there: through a tunnel, the host name does not show it. */
async function isManagedByRds(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ managed: boolean }>(
    `select pg_catalog.to_regrole('rds_superuser') is not null as managed`,
  );
  return rows[0]?.managed ?? false;
}

/** The clock of the database, because RDS restores by it. The clock of the operator may be wrong. */
async function clockOf(client: ClientBase): Promise<Date> {
  return await timeOf(client, 'select pg_catalog.clock_timestamp() as at');
}

/** Waits for the next full second and returns it. Earlier commits lie before it; what follows this call lies after it. */
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
  if (!at) throw new Error('the database returned no time');
  return at;
}

/** Refuses the migration when a question cannot be answered, and says why. */
async function unlessBlind<T>(
  file: Pick<Migration, 'name'>,
  fault: string,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    // Without a cause: a command prints the innermost cause as a failure of the database, and this failure is not.
    throw refusal(file, `${fault}. ${blindness(error).summary}`, 'See docs/runbook/backup-could-not-run.md.');
  }
}

function refusal({ name }: Pick<Migration, 'name'>, fault: string, remedy: string): MigrationError {
  return new MigrationError(
    `Only a backup can undo ${name}, and ${fault}`,
    `${remedy} The migration was not applied. Earlier migrations stay applied.`,
  );
}
