import { type BackedUpConfig, backedUpConfig } from '#platform/config.ts';
import { MissingSetting } from '#platform/errors.ts';
import { clusterSource } from './cluster-source.ts';
import { instanceSource } from './instance-source.ts';
import type { BackupSource } from './source.ts';

/** The backups of an instance or a cluster. */
export function backupSource({ kind, identifier, copyRegion }: BackedUpConfig): BackupSource {
  return kind === 'cluster' ? clusterSource(identifier, copyRegion) : instanceSource(identifier, copyRegion);
}

/**
 * The backups that the environment names. When it names none, every reader raises MissingSetting: a missing setting must
 * not look like a database outside RDS.
 */
export function configuredSource(env: NodeJS.ProcessEnv = process.env): BackupSource {
  try {
    return backupSource(backedUpConfig(env));
  } catch (error) {
    if (!(error instanceof MissingSetting)) throw error;
    return unconfigured(error);
  }
}

function unconfigured(error: MissingSetting): BackupSource {
  const fail = () => Promise.reject(error);
  return {
    kind: 'instance',
    identifier: '',
    copyRegion: 'not configured',
    database: fail,
    snapshots: fail,
    copies: fail,
    restorers: fail,
    begunAt: fail,
    drillInstances: fail,
  };
}
