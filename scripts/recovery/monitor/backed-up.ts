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
 * Whose backups a command is about: what is named on the command line, then what the environment names, as that of the
 * local platform does. Undefined when neither names anything: the database runs elsewhere than on RDS.
 */
export function findBackedUp(
  { instance, cluster, copyRegion }: BackedUpOptions,
  env: NodeJS.ProcessEnv = process.env,
): BackupSource | undefined {
  if (instance !== undefined && cluster !== undefined) {
    throw new UsageError(
      '--instance and --cluster exclude each other',
      'Name the one that holds the database.',
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
