import type { ClientBase } from 'pg';
import { type BackedUpConfig, backedUpConfig } from '#platform/config.ts';
import { environment } from '#platform/environment.ts';
import { putEvidence } from '#platform/evidence.ts';
import { MigrationError } from '#platform/migrations/migration-error.ts';
import type { Migration } from '#platform/migrations/migration-files.ts';
import { lastDrill } from './drill-records.ts';
import { judge, type RecoveryPolicy, spoken } from './policy.ts';
import { describeInstance } from './rds.ts';
import { describeCluster } from './rds-cluster.ts';

export interface ContractInterlock {
  /** Where the migration runs. */
  readonly databaseUrl: string;
  readonly policy: RecoveryPolicy;
  /** Told of the time to return to, which is in the evidence bucket by then. */
  readonly onReturnPoint: (at: Date) => void;
}

/** RDS instances, clusters and proxies. */
const awsHost = /\.rds\.amazonaws\.com(\.cn)?$/;

/**
 * Lets a migration pass from which only a backup leads back: on AWS when a drill has passed lately and the log is shipped
 * up to now. It writes down the time to return to where the database cannot lose it. Elsewhere it asks nothing: there are
 * no backups to be asked about.
 * @throws MigrationError when there is no way back, or nobody knows
 */
export async function allowContract(
  file: Pick<Migration, 'name'>,
  client: ClientBase,
  { databaseUrl, policy, onReturnPoint }: ContractInterlock,
): Promise<void> {
  const { [environment.dbInstanceIdentifier]: instance, [environment.dbClusterIdentifier]: cluster } =
    process.env;
  if (!instance && !cluster) {
    if (!awsHost.test(new URL(databaseUrl).hostname)) return;
    throw refusal(
      file,
      `which instance it is on is not said, so nobody knows of its backups`,
      `Set ${environment.dbInstanceIdentifier} (or ${environment.dbClusterIdentifier}) and ${environment.evidenceBucket}.`,
    );
  }
  await checkDrill(file, policy);
  const backedUp = backedUpConfig();
  await checkRestorable(file, backedUp, policy);
  const { rows } = await client.query<{ at: Date }>('select clock_timestamp() as at');
  const at = rows[0]?.at;
  if (!at) throw new Error('the database did not say what time it is');
  await putEvidence(
    `contracts/${file.name}/${at.toISOString()}.json`,
    `${JSON.stringify({ format: 'stockade contract 1', migration: file.name, source: backedUp.identifier, returnTo: at.toISOString() }, null, 2)}\n`,
  );
  onReturnPoint(at);
}

async function checkDrill(
  file: Pick<Migration, 'name'>,
  { contractDrillAgeMs }: RecoveryPolicy,
): Promise<void> {
  const drill = await lastDrill();
  const ageMs = drill ? Date.now() - drill.at.getTime() : Number.POSITIVE_INFINITY;
  if (drill?.passed && ageMs <= contractDrillAgeMs) return;
  const fault = !drill
    ? 'no backup has ever been restored and proven'
    : drill.passed
      ? `the last drill, ${drill.id}, passed ${spoken(ageMs)} ago, and ${spoken(contractDrillAgeMs)} at most are wanted`
      : `the last drill, ${drill.id}, has failed: ${drill.verdict?.summary}`;
  throw refusal(file, fault, 'Run npm run verify:backup, and migrate again when it has passed.');
}

async function checkRestorable(
  file: Pick<Migration, 'name'>,
  { kind, identifier }: BackedUpConfig,
  { recoveryPointAgeMs }: RecoveryPolicy,
): Promise<void> {
  const found = await (kind === 'cluster' ? describeCluster(identifier) : describeInstance(identifier));
  const latest = found?.LatestRestorableTime;
  const behindMs = latest ? Date.now() - latest.getTime() : Number.POSITIVE_INFINITY;
  if (judge(behindMs, recoveryPointAgeMs) !== 'fail') return;
  throw refusal(
    file,
    latest
      ? `${identifier} can be restored to ${latest.toISOString()} only, ${spoken(behindMs)} ago`
      : `${identifier} cannot be restored to any point in time`,
    'See what npm run monitor:backups says, and migrate again when the log is shipped.',
  );
}

function refusal({ name }: Pick<Migration, 'name'>, fault: string, remedy: string): MigrationError {
  return new MigrationError(`${name} leaves only a backup as the way back, and ${fault}`, remedy);
}
