import { backedUpConfig } from '#platform/config.ts';
import { environment } from '#platform/environment.ts';
import type { BackupSource } from '#recovery/monitor/source.ts';
import { backupSource } from '#recovery/monitor/source-of.ts';
import { UsageError } from '../../cli/failure.ts';

export interface BackedUpOptions {
  readonly instance: string | undefined;
  readonly cluster: string | undefined;
  readonly copyRegion: string | undefined;
}

/**
 * The instance or cluster whose backups are checked: from the command line, else from the environment, which the local
 * platform sets too. Undefined when neither names one: the database runs outside RDS.
 */
export function findBackedUp(
  { instance, cluster, copyRegion }: BackedUpOptions,
  env: NodeJS.ProcessEnv = process.env,
): BackupSource | undefined {
  if (instance !== undefined && cluster !== undefined) {
    throw new UsageError(
      '--instance and --cluster exclude each other',
      'Pass the one that contains the database.',
    );
  }
  const region = copyRegion ?? (env[environment.backupCopyRegion] || undefined);
  const identifier = instance ?? cluster;
  if (identifier !== undefined) {
    const kind = instance === undefined ? 'cluster' : 'instance';
    return backupSource({ kind, identifier, copyRegion: region });
  }
  const isNamed = env[environment.dbInstanceIdentifier] || env[environment.dbClusterIdentifier];
  return isNamed ? backupSource({ ...backedUpConfig(env), copyRegion: region }) : undefined;
}
