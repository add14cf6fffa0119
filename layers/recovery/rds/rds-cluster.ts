import {
  type DBCluster,
  type DBClusterAutomatedBackup,
  type DBClusterSnapshot,
  DescribeDBClusterAutomatedBackupsCommand,
  DescribeDBClusterSnapshotAttributesCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBClustersCommand,
} from '@aws-sdk/client-rds';
import { callAws } from '#platform/aws/call.ts';
import { everyPage } from '#platform/aws/every-page.ts';
import { rdsClient, unlessAbsent } from './rds.ts';

export type { DBCluster, DBClusterAutomatedBackup, DBClusterSnapshot } from '@aws-sdk/client-rds';

/** An Aurora cluster; undefined when none has that name. Every function here raises the errors of `rds.ts`. */
export async function describeCluster(identifier: string): Promise<DBCluster | undefined> {
  const answer = await unlessAbsent('DBClusterNotFoundFault', () =>
    callAws(`RDS DescribeDBClusters of ${identifier}`, () =>
      rdsClient().send(new DescribeDBClustersCommand({ DBClusterIdentifier: identifier })),
    ),
  );
  return answer?.DBClusters?.[0];
}

/** All snapshots of a cluster, of every kind and status. */
export async function listClusterSnapshots(
  identifier: string,
  region?: string,
): Promise<DBClusterSnapshot[]> {
  return await everyPage(`RDS DescribeDBClusterSnapshots of ${identifier}`, async (Marker, operation) => {
    const page = await callAws(operation, () =>
      rdsClient(region).send(
        new DescribeDBClusterSnapshotsCommand({ Filters: ofCluster(identifier), Marker }),
      ),
    );
    return { items: page.DBClusterSnapshots, marker: page.Marker };
  });
}

/** The accounts that may restore a manual snapshot of a cluster; `all` means every account. */
export async function listClusterRestorers(snapshot: string, region?: string): Promise<readonly string[]> {
  const { DBClusterSnapshotAttributesResult } = await callAws(
    `RDS DescribeDBClusterSnapshotAttributes of ${snapshot}`,
    () =>
      rdsClient(region).send(
        new DescribeDBClusterSnapshotAttributesCommand({ DBClusterSnapshotIdentifier: snapshot }),
      ),
  );
  const attributes = DBClusterSnapshotAttributesResult?.DBClusterSnapshotAttributes ?? [];
  return attributes.find(({ AttributeName }) => AttributeName === 'restore')?.AttributeValues ?? [];
}

/** The replica of a cluster's backups in another region; undefined when they are not replicated there. */
export async function describeClusterBackup(
  identifier: string,
  region: string,
): Promise<DBClusterAutomatedBackup | undefined> {
  const { DBClusterAutomatedBackups = [] } = await callAws(
    `RDS DescribeDBClusterAutomatedBackups of ${identifier}`,
    () =>
      rdsClient(region).send(
        new DescribeDBClusterAutomatedBackupsCommand({ Filters: ofCluster(identifier) }),
      ),
  );
  return DBClusterAutomatedBackups[0];
}

function ofCluster(identifier: string) {
  return [{ Name: 'db-cluster-id', Values: [identifier] }];
}
