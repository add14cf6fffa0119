import {
  type DBInstance,
  type DBInstanceAutomatedBackup,
  type DBSnapshot,
  DeleteDBInstanceCommand,
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotAttributesCommand,
  DescribeDBSnapshotsCommand,
  DescribeEventsCommand,
  ModifyDBInstanceCommand,
  RDSClient,
  RestoreDBInstanceFromDBSnapshotCommand,
  RestoreDBInstanceToPointInTimeCommand,
} from '@aws-sdk/client-rds';
import { AwsRefused, callAws, clientOf, clientSettings } from '#platform/aws/call.ts';
import { everyPage } from '#platform/aws/every-page.ts';
import { RecoveryRefused } from '../recovery-refused.ts';

export type { DBInstance, DBInstanceAutomatedBackup, DBSnapshot } from '@aws-sdk/client-rds';

/**
 * The calls of RDS that recovery uses. Every function raises Unavailable when RDS does not answer or is too busy, and
 * AwsRefused when RDS refuses the call and does nothing. `region` names another region than that of the environment.
 */
const clients = new Map<string | undefined, () => RDSClient>();

/** The client of a region. Default: the region of the environment. */
export function rdsClient(region?: string): RDSClient {
  let client = clients.get(region);
  if (!client) {
    client = clientOf(() => new RDSClient({ ...clientSettings, ...(region !== undefined && { region }) }));
    clients.set(region, client);
  }
  return client();
}

/** The name of a drill instance is this prefix and the id of the drill. No other instance may have such a name. */
export const drillPrefix = 'stockade-drill-';
/** The tag of everything that a drill creates. Its value is the id of the drill. */
export const drillTag = 'stockade:drill';
/** The tag of everything that a drill creates. Its value is the time of the beginning: ISO, UTC. */
export const begunTag = 'stockade:drill-begun';

/** Whether an instance with this status never becomes available by itself. */
export function isHopeless(status: string): boolean {
  return /^(failed|incompatible-|inaccessible-|restore-error|storage-full|stopped)/.test(status);
}

/** An instance; undefined when none has that name. */
export async function describeInstance(identifier: string, region?: string): Promise<DBInstance | undefined> {
  const answer = await unlessAbsent('DBInstanceNotFoundFault', () =>
    callAws(`RDS DescribeDBInstances of ${identifier}`, () =>
      rdsClient(region).send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier })),
    ),
  );
  return answer?.DBInstances?.[0];
}

/** The drill instances: those with the name or the tag of a drill, including those that have only one of them. */
export async function describeDrillInstances(prefix: string = drillPrefix): Promise<DBInstance[]> {
  const instances = await everyPage('RDS DescribeDBInstances', async (Marker, operation) => {
    const page = await callAws(operation, () => rdsClient().send(new DescribeDBInstancesCommand({ Marker })));
    return { items: page.DBInstances, marker: page.Marker };
  });
  return instances.filter(
    ({ DBInstanceIdentifier = '', TagList = [] }) =>
      DBInstanceIdentifier.startsWith(prefix) || TagList.some(({ Key }) => Key === drillTag),
  );
}

/** All snapshots of an instance, of every kind and status: manual, automated, and copies of them. */
export async function listSnapshots(identifier: string, region?: string): Promise<DBSnapshot[]> {
  return await everyPage(`RDS DescribeDBSnapshots of ${identifier}`, async (Marker, operation) => {
    const page = await callAws(operation, () =>
      rdsClient(region).send(new DescribeDBSnapshotsCommand({ Filters: ofInstance(identifier), Marker })),
    );
    return { items: page.DBSnapshots, marker: page.Marker };
  });
}

/** The accounts that may restore a manual snapshot; `all` means every account. Automated snapshots cannot be shared. */
export async function listRestorers(snapshot: string, region?: string): Promise<readonly string[]> {
  const { DBSnapshotAttributesResult } = await callAws(
    `RDS DescribeDBSnapshotAttributes of ${snapshot}`,
    () => rdsClient(region).send(new DescribeDBSnapshotAttributesCommand({ DBSnapshotIdentifier: snapshot })),
  );
  const attributes = DBSnapshotAttributesResult?.DBSnapshotAttributes ?? [];
  return attributes.find(({ AttributeName }) => AttributeName === 'restore')?.AttributeValues ?? [];
}

/**
 * The automated backup that a restore to a point in time uses; undefined when there is none. In another region it is the
 * replica of the backups, if they are replicated there.
 */
export async function describeAutomatedBackup(
  identifier: string,
  region?: string,
): Promise<DBInstanceAutomatedBackup | undefined> {
  const backups = await everyPage(
    `RDS DescribeDBInstanceAutomatedBackups of ${identifier}`,
    async (Marker, operation) => {
      const page = await callAws(operation, () =>
        rdsClient(region).send(
          new DescribeDBInstanceAutomatedBackupsCommand({ Filters: ofInstance(identifier), Marker }),
        ),
      );
      return { items: page.DBInstanceAutomatedBackups, marker: page.Marker };
    },
  );
  // An instance that was deleted and created again may have two: the present one is active.
  return backups.find(({ Status }) => Status === 'active') ?? backups[0];
}

/** A filter, because the parameter with that name requires that the instance exists, in that region. */
function ofInstance(identifier: string) {
  return [{ Name: 'db-instance-id', Values: [identifier] }];
}

/** RDS keeps events for fourteen days. */
export const eventsKeptDays = 14;

/** The time of the first event of a snapshot that RDS still keeps; undefined when it keeps none. */
export async function firstEventOf(
  snapshot: string,
  kind: 'db-snapshot' | 'db-cluster-snapshot',
): Promise<Date | undefined> {
  const events = await everyPage(`RDS DescribeEvents of ${snapshot}`, async (Marker, operation) => {
    const page = await callAws(operation, () =>
      rdsClient().send(
        new DescribeEventsCommand({
          SourceIdentifier: snapshot,
          SourceType: kind,
          Duration: eventsKeptDays * 24 * 60,
          Marker,
        }),
      ),
    );
    return { items: page.Events, marker: page.Marker };
  });
  return events.flatMap(({ Date: at }) => at ?? []).sort((a, b) => a.getTime() - b.getTime())[0];
}

/** The settings of a drill instance. RDS would copy a missing one from production, which is wrong for a drill. */
export interface RestoreSettings {
  /** Starts with the drill prefix. */
  readonly instance: string;
  readonly drillId: string;
  readonly instanceClass: string;
  readonly subnetGroup: string;
  readonly securityGroupIds: readonly string[];
  readonly parameterGroup?: string | undefined;
  /** Tags in addition to those of the drill. */
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * Begins to restore a snapshot as a drill instance.
 * @throws AwsRefused with the code DBInstanceAlreadyExistsFault when the restore has already begun
 */
export async function restoreFromSnapshot(
  snapshot: string,
  settings: RestoreSettings,
): Promise<DBInstance | undefined> {
  const { DBInstance: instance } = await callAws(`RDS RestoreDBInstanceFromDBSnapshot of ${snapshot}`, () =>
    rdsClient().send(
      new RestoreDBInstanceFromDBSnapshotCommand({
        DBSnapshotIdentifier: snapshot,
        DBInstanceIdentifier: settings.instance,
        ...restored(settings),
      }),
    ),
  );
  return instance;
}

/** Begins to restore an instance to a point in time as a drill instance. Raises like {@link restoreFromSnapshot}. */
export async function restoreToPointInTime(
  source: string,
  at: Date,
  settings: RestoreSettings,
): Promise<DBInstance | undefined> {
  const { DBInstance: instance } = await callAws(`RDS RestoreDBInstanceToPointInTime of ${source}`, () =>
    rdsClient().send(
      new RestoreDBInstanceToPointInTimeCommand({
        SourceDBInstanceIdentifier: source,
        TargetDBInstanceIdentifier: settings.instance,
        RestoreTime: at,
        ...restored(settings),
      }),
    ),
  );
  return instance;
}

function restored(settings: RestoreSettings) {
  assertDrill(settings.instance);
  return {
    DBInstanceClass: settings.instanceClass,
    DBSubnetGroupName: settings.subnetGroup,
    VpcSecurityGroupIds: [...settings.securityGroupIds],
    ...(settings.parameterGroup !== undefined && { DBParameterGroupName: settings.parameterGroup }),
    Tags: tagsOf({
      ...settings.tags,
      [drillTag]: settings.drillId,
      [begunTag]: new Date().toISOString(),
    }),
    MultiAZ: false,
    PubliclyAccessible: false,
    DeletionProtection: false,
    BackupRetentionPeriod: 0,
    CopyTagsToSnapshot: false,
    AutoMinorVersionUpgrade: false,
    EnableIAMDatabaseAuthentication: true,
  };
}

/**
 * Begins to delete a drill instance with its backups. Does nothing when it is already deleted or being deleted.
 * @throws RecoveryRefused when the name is not that of a drill instance
 */
export async function deleteInstance(identifier: string): Promise<void> {
  assertDrill(identifier);
  try {
    await callAws(`RDS DeleteDBInstance of ${identifier}`, () =>
      rdsClient().send(
        new DeleteDBInstanceCommand({
          DBInstanceIdentifier: identifier,
          SkipFinalSnapshot: true,
          DeleteAutomatedBackups: true,
        }),
      ),
    );
  } catch (error) {
    if (!(error instanceof AwsRefused && isGone(error))) throw error;
  }
}

/** RDS has one code for every status that prevents a deletion. Only the message shows that the deletion has begun. */
function isGone({ code, message }: AwsRefused): boolean {
  return code === 'DBInstanceNotFoundFault' || /already being deleted/.test(message);
}

/**
 * Begins to change the master password of a drill instance.
 * @throws RecoveryRefused when the name is not that of a drill instance
 */
export async function setMasterPassword(identifier: string, password: string): Promise<void> {
  assertDrill(identifier);
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

function tagsOf(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Refuses to create, change or delete anything but drill instances. IAM denies the same. */
function assertDrill(identifier: string): void {
  if (identifier.startsWith(drillPrefix)) return;
  throw new RecoveryRefused(
    `${identifier} is not a drill instance: their names start with ${drillPrefix}. Nothing was changed.`,
  );
}

/** The answer of a call; undefined when RDS refuses it with `code`, which means that the resource does not exist. */
export async function unlessAbsent<T>(code: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AwsRefused && error.code === code) return undefined;
    throw error;
  }
}
