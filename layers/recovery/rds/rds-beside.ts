import {
  ModifyDBInstanceCommand,
  RestoreDBInstanceFromDBSnapshotCommand,
  RestoreDBInstanceToPointInTimeCommand,
} from '@aws-sdk/client-rds';
import { callAws } from '#platform/aws-call.ts';
import { RecoveryRefused } from '../recovery-refused.ts';
import { type DBInstance, describeInstance, rdsClient } from './rds.ts';

/** The tag of an instance that was restored to take the place of production, with what it was restored from. */
export const besideTag = 'stockade:restored-from';

/** What is restored: a snapshot, or a point in time of the source. */
export interface RestoreSource {
  readonly snapshot?: string | undefined;
  readonly asOf: string;
}

/** What the tag of an instance says that was restored from there. */
export function besideTagValue({ snapshot, asOf }: RestoreSource): string {
  return snapshot ?? asOf;
}

/**
 * Begins to restore beside production: as production is made, for it is to take its place, and under another name.
 * Raises AwsRefused as RDS refuses, DBInstanceAlreadyExistsFault when the name is taken.
 */
export async function restoreBeside(
  production: DBInstance,
  name: string,
  from: RestoreSource,
): Promise<void> {
  const settings = {
    DBInstanceClass: production.DBInstanceClass,
    DBSubnetGroupName: production.DBSubnetGroup?.DBSubnetGroupName,
    VpcSecurityGroupIds: production.VpcSecurityGroups?.flatMap(({ VpcSecurityGroupId: id }) => id ?? []),
    DBParameterGroupName: production.DBParameterGroups?.[0]?.DBParameterGroupName,
    MultiAZ: production.MultiAZ,
    BackupRetentionPeriod: production.BackupRetentionPeriod,
    EnableIAMDatabaseAuthentication: true,
    PubliclyAccessible: false,
    DeletionProtection: true,
    CopyTagsToSnapshot: production.CopyTagsToSnapshot,
    AutoMinorVersionUpgrade: production.AutoMinorVersionUpgrade,
    Tags: [
      ...(production.TagList ?? []).filter(({ Key = '' }) => !Key.startsWith('aws:') && Key !== besideTag),
      { Key: besideTag, Value: besideTagValue(from) },
    ],
  };
  if (from.snapshot !== undefined) {
    const DBSnapshotIdentifier = from.snapshot;
    await callAws(`RDS RestoreDBInstanceFromDBSnapshot of ${from.snapshot}`, () =>
      rdsClient().send(
        new RestoreDBInstanceFromDBSnapshotCommand({
          ...settings,
          DBSnapshotIdentifier,
          DBInstanceIdentifier: name,
        }),
      ),
    );
    return;
  }
  const SourceDBInstanceIdentifier = production.DBInstanceIdentifier;
  await callAws(`RDS RestoreDBInstanceToPointInTime of ${SourceDBInstanceIdentifier}`, () =>
    rdsClient().send(
      new RestoreDBInstanceToPointInTimeCommand({
        ...settings,
        SourceDBInstanceIdentifier,
        TargetDBInstanceIdentifier: name,
        RestoreTime: new Date(from.asOf),
      }),
    ),
  );
}

/**
 * Begins to give the master of an instance that was restored beside production another password.
 * @throws RecoveryRefused when it does not carry the tag of such a one: production does not, as the cut-over takes it off
 */
export async function setBesidePassword(identifier: string, password: string): Promise<void> {
  const instance = await describeInstance(identifier);
  if (!instance?.TagList?.some(({ Key }) => Key === besideTag)) {
    throw new RecoveryRefused(
      `${identifier} was not restored beside production: it lacks the tag ${besideTag}. Nothing was done.`,
    );
  }
  await callAws(`RDS ModifyDBInstance of ${identifier}`, () =>
    rdsClient().send(
      new ModifyDBInstanceCommand({
        DBInstanceIdentifier: identifier,
        MasterUserPassword: password,
        ApplyImmediately: true,
      }),
    ),
  );
}
