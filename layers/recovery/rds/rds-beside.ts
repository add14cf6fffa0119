import {
  ModifyDBInstanceCommand,
  RestoreDBInstanceFromDBSnapshotCommand,
  RestoreDBInstanceToPointInTimeCommand,
} from '@aws-sdk/client-rds';
import { callAws } from '#platform/aws/call.ts';
import { RecoveryRefused } from '../recovery-refused.ts';
import { type DBInstance, describeInstance, rdsClient } from './rds.ts';

/** The tag of an instance that was restored to replace production. Its value is the snapshot or time that was restored. */
export const besideTag = 'stockade:restored-from';

/** What to restore: a snapshot, or a point in time of the source. */
export interface RestoreSource {
  readonly snapshot?: string | undefined;
  readonly asOf: string;
}

/** The value of {@link besideTag} for an instance that is restored from this source. */
export function besideTagValue({ snapshot, asOf }: RestoreSource): string {
  return snapshot ?? asOf;
}

/**
 * Begins to restore an instance beside production, with another name. It gets the settings of production, because it is to
 * replace it.
 * @throws AwsRefused when RDS refuses; with the code DBInstanceAlreadyExistsFault when the name is taken
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
 * Begins to change the master password of an instance that was restored beside production.
 * @throws RecoveryRefused when the instance lacks {@link besideTag}, as production does: the cut-over removes the tag
 */
export async function setBesidePassword(identifier: string, password: string): Promise<void> {
  const instance = await describeInstance(identifier);
  if (!instance?.TagList?.some(({ Key }) => Key === besideTag)) {
    throw new RecoveryRefused(
      `${identifier} was not restored beside production: it lacks the tag ${besideTag}. Nothing was changed.`,
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
