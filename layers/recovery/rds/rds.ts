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
import { AwsRefused, callAws, clientOf, clientSettings } from '#platform/aws-call.ts';
import { RecoveryRefused } from '../recovery-refused.ts';

export type { DBInstance, DBInstanceAutomatedBackup, DBSnapshot } from '@aws-sdk/client-rds';

/**
 * RDS as far as recovery uses it. Every function raises Unavailable when RDS did not answer or was too busy, and
 * AwsRefused when it refused: nothing has happened then. `region` is another region than that of the environment.
 */
const clients = new Map<string | undefined, () => RDSClient>();

/** The client of a region; of the environment's own without one. */
export function rdsClient(region?: string): RDSClient {
  let client = clients.get(region);
  if (!client) {
    client = clientOf(() => new RDSClient({ ...clientSettings, ...(region !== undefined && { region }) }));
    clients.set(region, client);
  }
  return client();
}

/** Every drill instance is called this and its drill's id; nothing else may be. */
export const drillPrefix = 'stockade-drill-';
/** The tag of everything that a drill makes, with the drill's id. */
export const drillTag = 'stockade:drill';
/** The tag of everything that a drill makes, with when it was begun: ISO, UTC. */
export const begunTag = 'stockade:drill-begun';

/** Whether an instance that is in this status never becomes available by itself. */
export function isHopeless(status: string): boolean {
  return /^(failed|incompatible-|inaccessible-|restore-error|storage-full|stopped)/.test(status);
}

/** An instance; undefined when there is none of that name. */
export async function describeInstance(identifier: string, region?: string): Promise<DBInstance | undefined> {
  const answer = await unlessAbsent('DBInstanceNotFoundFault', () =>
    callAws(`RDS DescribeDBInstances of ${identifier}`, () =>
      rdsClient(region).send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier })),
    ),
  );
  return answer?.DBInstances?.[0];
}

/** The instances that are a drill's by their name or by their tag: what has only one of them is looked at too. */
export async function describeDrillInstances(prefix: string = drillPrefix): Promise<DBInstance[]> {
  const instances = await everyPage(async (Marker) => {
    const page = await callAws('RDS DescribeDBInstances', () =>
      rdsClient().send(new DescribeDBInstancesCommand({ Marker })),
    );
    return { items: page.DBInstances, marker: page.Marker };
  });
  return instances.filter(
    ({ DBInstanceIdentifier = '', TagList = [] }) =>
      DBInstanceIdentifier.startsWith(prefix) || TagList.some(({ Key }) => Key === drillTag),
  );
}

/** The snapshots of an instance, of every kind and status: manual, automated, and copies of them. */
export async function listSnapshots(identifier: string, region?: string): Promise<DBSnapshot[]> {
  return await everyPage(async (Marker) => {
    const page = await callAws(`RDS DescribeDBSnapshots of ${identifier}`, () =>
      rdsClient(region).send(new DescribeDBSnapshotsCommand({ Filters: ofInstance(identifier), Marker })),
    );
    return { items: page.DBSnapshots, marker: page.Marker };
  });
}

/** The accounts that may restore a manual snapshot; `all` is everybody. Automated ones cannot be shared. */
export async function listRestorers(snapshot: string, region?: string): Promise<readonly string[]> {
  const { DBSnapshotAttributesResult } = await callAws(
    `RDS DescribeDBSnapshotAttributes of ${snapshot}`,
    () => rdsClient(region).send(new DescribeDBSnapshotAttributesCommand({ DBSnapshotIdentifier: snapshot })),
  );
  const attributes = DBSnapshotAttributesResult?.DBSnapshotAttributes ?? [];
  return attributes.find(({ AttributeName }) => AttributeName === 'restore')?.AttributeValues ?? [];
}

/**
 * What a restore to a point in time of an instance starts from; undefined when there is none. In another region this is
 * the replica of the backups, when they are replicated there.
 */
export async function describeAutomatedBackup(
  identifier: string,
  region?: string,
): Promise<DBInstanceAutomatedBackup | undefined> {
  const backups = await everyPage(async (Marker) => {
    const page = await callAws(`RDS DescribeDBInstanceAutomatedBackups of ${identifier}`, () =>
      rdsClient(region).send(
        new DescribeDBInstanceAutomatedBackupsCommand({ Filters: ofInstance(identifier), Marker }),
      ),
    );
    return { items: page.DBInstanceAutomatedBackups, marker: page.Marker };
  });
  // Of an instance that was deleted and made again there may be two: the one of today has no end.
  return backups.find(({ Status }) => Status === 'active') ?? backups[0];
}

/** A filter and not the parameter of that name, which wants the instance to exist, and in that region. */
function ofInstance(identifier: string) {
  return [{ Name: 'db-instance-id', Values: [identifier] }];
}

/** RDS keeps events for fourteen days. */
export const eventsKeptDays = 14;

/** When the first thing was told of a snapshot within the days that events are kept; undefined when nothing was. */
export async function firstEventOf(
  snapshot: string,
  kind: 'db-snapshot' | 'db-cluster-snapshot',
): Promise<Date | undefined> {
  const events = await everyPage(async (Marker) => {
    const page = await callAws(`RDS DescribeEvents of ${snapshot}`, () =>
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

/** What a restored instance is: whatever is left out here RDS takes from production, which is not what a drill is. */
export interface RestoreSettings {
  /** Starts with the drill prefix. */
  readonly instance: string;
  readonly drillId: string;
  readonly instanceClass: string;
  readonly subnetGroup: string;
  readonly securityGroupIds: readonly string[];
  readonly parameterGroup?: string | undefined;
  /** Tags beside those of the drill. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** Begins to restore a snapshot into an instance of a drill. Raises AwsRefused DBInstanceAlreadyExistsFault when it was begun before. */
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

/** Begins to restore an instance as it was, to the second, into an instance of a drill. Raises like {@link restoreFromSnapshot}. */
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
 * Begins to delete an instance of a drill, with all that was backed up of it. One that is gone, or going, is left at that.
 * @throws RecoveryRefused when its name is no drill's
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

/** RDS has one code for all states in which it does not delete: only its words tell that it is at it already. */
function isGone({ code, message }: AwsRefused): boolean {
  return code === 'DBInstanceNotFoundFault' || /already being deleted/.test(message);
}

/**
 * Begins to give the master of an instance of a drill another password.
 * @throws RecoveryRefused when its name is no drill's
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

/** Beside IAM, which denies the same: nothing here makes or deletes what is not a drill's. */
function assertDrill(identifier: string): void {
  if (identifier.startsWith(drillPrefix)) return;
  throw new RecoveryRefused(
    `${identifier} is no instance of a drill: their names start with ${drillPrefix}. Nothing was done.`,
  );
}

/** What a call answers; undefined when RDS says that there is no such thing. */
export async function unlessAbsent<T>(code: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AwsRefused && error.code === code) return undefined;
    throw error;
  }
}

/** All that a list has, page by page. */
export async function everyPage<T>(
  read: (marker: string | undefined) => Promise<{
    readonly items: readonly T[] | undefined;
    readonly marker: string | undefined;
  }>,
): Promise<T[]> {
  const all: T[] = [];
  let marker: string | undefined;
  do {
    const page = await read(marker);
    all.push(...(page.items ?? []));
    marker = page.marker || undefined;
  } while (marker !== undefined);
  return all;
}
