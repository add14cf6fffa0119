import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { type BackupTarget, backupVariables } from '../settings/backup-target.ts';

/** The RDS calls of the backup monitor. None of them restores, changes or deletes anything. */
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
    // Leftovers of drills are instances.
    'rds:DescribeDBInstances',
    'rds:DescribeEvents',
  ],
} as const;

/**
 * Lets a function watch the backups of the stage's database, in this region and in the region they are copied to, and sets
 * the variables that name the database. IAM cannot limit these calls to a resource, so they may list all backups of the
 * account. They read descriptions, no data.
 */
export function grantWatchBackups(fn: Lambda, target: BackupTarget): void {
  fn.addToRolePolicy(new PolicyStatement({ actions: [...calls[target.kind]], resources: ['*'] }));
  for (const [name, value] of Object.entries(backupVariables(target))) fn.addEnvironment(name, value);
}
