import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { type BackupTarget, backupVariables } from '../settings/backup-target.ts';

/** What looking at backups asks RDS, and no more: nothing here restores, changes or deletes. */
const calls = {
  instance: [
    'rds:DescribeDBInstanceAutomatedBackups',
    'rds:DescribeDBInstances',
    'rds:DescribeDBSnapshotAttributes',
    'rds:DescribeDBSnapshots',
    'rds:DescribeEvents',
  ],
  cluster: [
    'rds:DescribeDBClusterAutomatedBackups',
    'rds:DescribeDBClusterSnapshotAttributes',
    'rds:DescribeDBClusterSnapshots',
    'rds:DescribeDBClusters',
    // What drills have left behind is instances.
    'rds:DescribeDBInstances',
    'rds:DescribeEvents',
  ],
} as const;

/**
 * Lets a function look at the backups of the stage's database, here and in the region that they are copied to, and tells it
 * whose they are. What these calls list is named by no resource, so they take all: they read descriptions, no data.
 */
export function grantWatchBackups(fn: Lambda, target: BackupTarget): void {
  fn.addToRolePolicy(new PolicyStatement({ actions: [...calls[target.kind]], resources: ['*'] }));
  for (const [name, value] of Object.entries(backupVariables(target))) fn.addEnvironment(name, value);
}
