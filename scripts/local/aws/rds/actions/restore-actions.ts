import type { QueryParameters } from '../../query-parameters.ts';
import type { Action } from '../../query-service.ts';
import { type Base, baseFolder, basesOf, latestRestorable } from '../automated-backups.ts';
import { type Rds, snapshotFolder } from '../context.ts';
import { describeInstance } from '../descriptions.ts';
import {
  instanceAlreadyExists,
  invalidCombination,
  invalidInstanceState,
  invalidParameter,
  invalidSnapshotState,
  pointInTimeNotEnabled,
  snapshotNotFound,
} from '../errors.ts';
import { createInstance, type FoundSource, type RestoreSource, restoredSettings } from '../instances.ts';
import type { Instance, Origin, Settings, Snapshot, Tags } from '../records.ts';
import { newResourceId, readName } from '../request/names.ts';
import { booleanOf, newIdentifier, required, settingsOf, tagsOf, timeOf } from '../request/parameters.ts';
import { namedInstance } from './instance-actions.ts';

/** What makes instances of backups. */
export function restoreActions(rds: Rds): Readonly<Record<string, Action>> {
  return {
    async RestoreDBInstanceFromDBSnapshot(parameters, region) {
      const identifier = newInstance(rds, parameters, 'DBInstanceIdentifier', region);
      const snapshot = sourceSnapshot(rds, parameters, region);
      const password = snapshot.password;
      const created = {
        identifier,
        origin: snapshot,
        password,
        tags: tagsOf(parameters) ?? inherited(rds, snapshot),
      };
      return await create(rds, created, restoredSettings(snapshot.settings, settingsOf(parameters)), {
        kind: 'Restored from snapshot',
        name: snapshot.identifier,
        operation: 'RestoreDBInstanceFromDBSnapshot',
        async find(read) {
          read(snapshot.folder);
          return { backup: snapshotFolder(rds, snapshot) };
        },
      });
    },

    async RestoreDBInstanceToPointInTime(parameters, region) {
      const identifier = newInstance(rds, parameters, 'TargetDBInstanceIdentifier', region);
      const source = namedInstance(rds, parameters, 'SourceDBInstanceIdentifier', region);
      const time = await restoreTime(rds, source, parameters);
      const password =
        source.passwords.findLast(({ since }) => new Date(since) <= time) ?? source.passwords[0];
      const tags = tagsOf(parameters) ?? {};
      const created = { identifier, origin: source, password: password?.password ?? '', tags };
      return await create(rds, created, restoredSettings(source.settings, settingsOf(parameters)), {
        kind: 'Restored from DB instance',
        name: `${source.identifier} to ${identifier}`,
        operation: 'RestoreDBInstanceToPointInTime',
        find: (read) => findPointInTime(rds, source, time, read),
      });
    },
  };
}

/** The identifier of an instance that is to be. */
function newInstance(rds: Rds, parameters: QueryParameters, name: string, region: string): string {
  const identifier = newIdentifier(parameters, name, 63);
  assertNew(rds, region, identifier);
  return identifier;
}

/** @throws AwsError DBInstanceAlreadyExists */
function assertNew({ store }: Rds, region: string, identifier: string): void {
  const there = store.instances().filter((each) => each.region === region);
  if (there.some((each) => each.identifier === identifier)) throw instanceAlreadyExists();
}

function sourceSnapshot({ store }: Rds, parameters: QueryParameters, region: string): Snapshot {
  const named = readName(required(parameters, 'DBSnapshotIdentifier'), 'snapshot', region);
  if (named.region !== region) throw snapshotNotFound(named.identifier);
  const snapshot = store.snapshot(region, named.identifier);
  if (snapshot.status === 'available') return snapshot;
  throw invalidSnapshotState(
    `The DB snapshot ${snapshot.identifier} is in the state ${snapshot.status}; it must be available.`,
  );
}

/**
 * A restore without tags gets those of the snapshot's instance: as they are now, or, when it is gone, as they
 * were. For a snapshot with tags of its own beside them, those too.
 */
function inherited({ store }: Rds, { resourceId, instanceTags, tags }: Snapshot): Tags {
  return { ...(store.current(resourceId)?.tags ?? instanceTags), ...tags };
}

/**
 * The time that a request asks for.
 * @throws AwsError InvalidParameterCombination, PointInTimeRestoreNotEnabled, InvalidDBInstanceState,
 *   InvalidParameterValue when it is not within what is archived
 */
async function restoreTime(rds: Rds, source: Instance, parameters: QueryParameters): Promise<Date> {
  const asked = timeOf(parameters, 'RestoreTime');
  const isLatest = booleanOf(parameters, 'UseLatestRestorableTime') ?? false;
  if ((asked !== undefined) === isLatest) {
    throw invalidCombination('Either RestoreTime or UseLatestRestorableTime must be specified, not both.');
  }
  if (source.settings.BackupRetentionPeriod === 0) throw pointInTimeNotEnabled(source.identifier);
  const bases = basesOf(rds, source.resourceId);
  const latest = await latestRestorable(rds, source);
  if (!latest || bases.length === 0) {
    throw invalidInstanceState(
      `Instance ${source.identifier} has no backup that a restore could start from.`,
    );
  }
  const time = asked ?? latest;
  if (time > latest) {
    throw invalidParameter(
      `The specified instance cannot be restored to a time later than ${latest.toISOString()} because its backup is not complete.`,
    );
  }
  const earliest = new Date(Math.min(...bases.map(({ completedAt }) => completedAt.getTime())));
  if (time < earliest) {
    throw invalidParameter(
      `The specified instance cannot be restored to a time earlier than ${earliest.toISOString()}, which is when its oldest backup was complete.`,
    );
  }
  return time;
}

async function findPointInTime(
  rds: Rds,
  { resourceId, identifier }: Instance,
  time: Date,
  read: (folder: string) => void,
): Promise<FoundSource> {
  const running = rds.running.get(resourceId);
  if (!running?.wal) throw new Error(`${identifier} keeps no WAL`);
  const { wal, cluster } = running;
  const bases = basesOf(rds, resourceId);
  const planned = await wal.plan<Base>(time, bases);
  // A time through which the cluster has idled has no commit behind it in the archive yet.
  if (!planned) await wal.mark(cluster.url);
  const plan = planned ?? (await wal.plan<Base>(time, bases));
  if (!plan) throw new Error(`WAL on the way to ${time.toISOString()} is missing`);
  read(plan.base.snapshot.folder);
  return { backup: baseFolder(rds, plan.base), pointInTime: { time, wal, plan } };
}

interface NewInstance {
  readonly identifier: string;
  readonly origin: Origin;
  readonly password: string;
  readonly tags: Tags;
}

async function create(
  rds: Rds,
  { identifier, origin, password, tags }: NewInstance,
  settings: Settings,
  source: RestoreSource,
) {
  const { region, engineVersion, masterUsername, databaseName, isEncrypted, kmsKeyId } = origin;
  const now = new Date().toISOString();
  const instance: Instance = {
    ...{ region, engineVersion, masterUsername, databaseName, isEncrypted, kmsKeyId },
    identifier,
    resourceId: newResourceId(),
    instanceCreatedAt: now,
    status: 'creating',
    settings,
    tags,
    passwords: [{ since: now, password }],
  };
  // Once more, since another request may have had the same name meanwhile.
  assertNew(rds, region, identifier);
  await rds.store.putInstance(instance);
  rds.works.start(instance.resourceId, (underWay) => createInstance(rds, instance, source, underWay));
  return { DBInstance: await describeInstance(rds, instance) };
}
