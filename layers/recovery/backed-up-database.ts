import type { BackedUpConfig } from '#platform/config.ts';
import { NoSuchDatabase } from './monitor/blindness.ts';
import { describeInstance } from './rds/rds.ts';
import { describeCluster } from './rds/rds-cluster.ts';

/** The database that RDS backs up: an instance or a cluster. */
export interface BackedUpDatabase {
  readonly identifier: string;
  /** Undefined when RDS keeps no log. */
  readonly latestRestorableAt: Date | undefined;
  readonly retentionDays: number;
  readonly addresses: readonly string[];
  /** The instances of a cluster. Each has its own address. */
  readonly members: readonly string[];
}

/**
 * Reads the database from RDS.
 * @throws NoSuchDatabase when RDS has no database with that name
 * @throws Unavailable, AwsRefused as every function of `rds.ts` does
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

/**
 * Whether an RDS host name can belong to the database. The name of a proxy does not show its target, so every proxy is
 * accepted.
 */
export function isReachedAt({ addresses, members }: BackedUpDatabase, hostname: string): boolean {
  const [first = '', second = ''] = hostname.toLowerCase().split('.');
  if (second.startsWith('proxy-')) return true;
  return addresses.some((each) => each.toLowerCase() === hostname.toLowerCase()) || members.includes(first);
}
