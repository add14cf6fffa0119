import type { BackedUpConfig } from '#platform/config.ts';
import { NoSuchDatabase } from './monitor/blindness.ts';
import { describeInstance } from './rds/rds.ts';
import { describeCluster } from './rds/rds-cluster.ts';

/** What RDS says of the database that is backed up, an instance or a cluster. */
export interface BackedUpDatabase {
  readonly identifier: string;
  /** Undefined when no log is kept. */
  readonly latestRestorableAt: Date | undefined;
  readonly retentionDays: number;
  readonly addresses: readonly string[];
  /** Instances of a cluster, which have addresses of their own. */
  readonly members: readonly string[];
}

/**
 * Asks RDS.
 * @throws NoSuchDatabase when there is nothing of that name; and as `rds.ts` does
 */
export async function backedUpDatabase(config: BackedUpConfig): Promise<BackedUpDatabase> {
  const { kind, identifier } = config;
  if (kind === 'cluster') {
    const cluster = await describeCluster(identifier);
    if (!cluster) throw new NoSuchDatabase(config);
    const { Endpoint, ReaderEndpoint, CustomEndpoints = [], DBClusterMembers = [] } = cluster;
    return {
      identifier,
      latestRestorableAt: cluster.LatestRestorableTime,
      retentionDays: cluster.BackupRetentionPeriod ?? 0,
      addresses: [Endpoint, ReaderEndpoint, ...CustomEndpoints].filter((each) => each !== undefined),
      members: DBClusterMembers.map(({ DBInstanceIdentifier = '' }) => DBInstanceIdentifier),
    };
  }
  const instance = await describeInstance(identifier);
  if (!instance) throw new NoSuchDatabase(config);
  return {
    identifier,
    latestRestorableAt: instance.LatestRestorableTime,
    retentionDays: instance.BackupRetentionPeriod ?? 0,
    addresses: [instance.Endpoint?.Address].filter((each) => each !== undefined),
    members: [],
  };
}

/** Whether a host name of RDS may lead there. What is behind a proxy its name does not say: whoever named it is believed. */
export function isReachedAt({ addresses, members }: BackedUpDatabase, hostname: string): boolean {
  const [first = '', second = ''] = hostname.toLowerCase().split('.');
  if (second.startsWith('proxy-')) return true;
  return addresses.some((each) => each.toLowerCase() === hostname.toLowerCase()) || members.includes(first);
}
