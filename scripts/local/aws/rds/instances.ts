import { Client } from 'pg';
import { type PointInTime, restoreCluster } from '../../postgres/backup/restored-cluster.ts';
import { type Cluster, destroyCluster, startCluster } from '../../postgres/cluster.ts';
import { backUp } from './automated-backups.ts';
import { complain } from './complain.ts';
import { hold, instanceFolder, type Rds } from './context.ts';
import { tellOfInstance } from './events.ts';
import type { Instance, Settings, Tags } from './records.ts';
import { newResourceId } from './request/names.ts';
import { deleteSnapshot, failSnapshot } from './snapshots.ts';
import type { UnderWay } from './works.ts';

/** Restored clusters serve one drill or one person. */
const settingsOfServer = { shared_buffers: '32MB', max_connections: '50' };

const defaultSettings: Settings = {
  DBInstanceClass: 'db.t4g.micro',
  MultiAZ: false,
  PubliclyAccessible: false,
  BackupRetentionPeriod: 7,
  CopyTagsToSnapshot: true,
  DeletionProtection: true,
  IAMDatabaseAuthenticationEnabled: false,
  AutoMinorVersionUpgrade: true,
  DBSubnetGroupName: 'default',
  DBParameterGroupName: 'default.postgres18',
  VpcSecurityGroupIds: ['sg-local'],
};

/** A cluster that somebody else runs, as an instance. */
export interface Attachment {
  readonly identifier: string;
  readonly region: string;
  readonly cluster: Cluster;
  /** The database in it that matters. */
  readonly databaseName: string;
  /** What is given wins over what it was at an earlier start. */
  readonly settings?: Partial<Settings>;
  readonly tags?: Tags;
  /** What the API says of encryption; nothing here is really encrypted. */
  readonly kmsKeyId?: string;
}

/** Makes a running cluster an instance, or finds the one that it was at an earlier start. */
export async function attachCluster(rds: Rds, attachment: Attachment): Promise<Instance> {
  const { identifier, region, cluster, databaseName, settings, tags, kmsKeyId } = attachment;
  const { system, version } = await identify(cluster.url);
  const password = passwordOf(cluster);
  const now = new Date().toISOString();
  const attachedBefore = rds.store.instances().filter((each) => each.attachedSystem !== undefined);
  const earlier = attachedBefore.find((each) => each.attachedSystem === system);
  // A cluster that was deleted is no instance any more. Its snapshots stay.
  for (const { resourceId } of attachedBefore.filter((each) => each !== earlier)) {
    await rds.store.removeInstance(resourceId);
  }
  const instance: Instance = {
    ...(earlier ?? {
      resourceId: newResourceId(),
      instanceCreatedAt: now,
      passwords: [],
      identifier,
      region,
    }),
    status: 'available',
    attachedSystem: system,
    engineVersion: version,
    masterUsername: 'postgres',
    databaseName,
    isEncrypted: earlier?.isEncrypted ?? kmsKeyId !== undefined,
    kmsKeyId: earlier?.kmsKeyId ?? kmsKeyId,
    settings: { ...(earlier?.settings ?? defaultSettings), ...settings },
    tags: earlier?.tags ?? tags ?? {},
  };
  const isKnown = instance.passwords.at(-1)?.password === password;
  const passwords = isKnown ? instance.passwords : [...instance.passwords, { since: now, password }];
  const attached = { ...instance, passwords };
  await rds.store.putInstance(attached);
  await hold(rds, attached, cluster);
  if (!earlier) await tellOfInstance(rds, attached, 'DB instance created');
  return attached;
}

async function identify(url: string): Promise<{ system: string; version: string }> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ system: string; version: string }>(
      `select system_identifier::text as system, split_part(current_setting('server_version'), ' ', 1) as version
       from pg_control_system()`,
    );
    if (!rows[0]) throw new Error('the server does not say which cluster it is');
    return rows[0];
  } finally {
    await client.end();
  }
}

export function passwordOf({ url }: Cluster): string {
  return decodeURIComponent(new URL(url).password);
}

/** Where the data of a new instance comes from. */
export interface RestoreSource {
  /** Finds it. `read` says which snapshot must stay. */
  find(read: (folder: string) => void): Promise<FoundSource>;
  readonly kind: 'Restored from DB instance' | 'Restored from snapshot';
  /** What it is restored from. */
  readonly name: string;
  /** The operation, for faults. */
  readonly operation: string;
}

export interface FoundSource {
  /** The folder of the base backup. */
  readonly backup: string;
  readonly pointInTime?: PointInTime;
}

/** Brings an instance that has been entered as `creating` to life. */
export async function createInstance(
  rds: Rds,
  instance: Instance,
  source: RestoreSource,
  { signal, read }: UnderWay,
): Promise<void> {
  const { store, faults, isDurable } = rds;
  const { kind, name, operation } = source;
  const keepsBackups = instance.settings.BackupRetentionPeriod > 0;
  if (faults.strikes('stuck', operation)) return;
  for (const status of ['incompatible-restore', 'failed'] as const) {
    if (faults.strikes(status, operation)) return await failInstance(rds, instance, status);
  }
  try {
    const cluster = await restoreCluster({
      ...(await source.find(read)),
      directory: instanceFolder(rds, instance),
      password: instance.passwords.at(-1)?.password ?? '',
      archive: keepsBackups,
      durable: isDurable,
      settings: settingsOfServer,
      signal,
    });
    if (signal.aborted) return await cluster.stop();
    await holdOrStop(rds, instance, cluster);
  } catch (error) {
    if (signal.aborted) return;
    complain(instance.identifier, error);
    const status = kind === 'Restored from snapshot' ? 'failed' : 'incompatible-restore';
    return await failInstance(rds, instance, status);
  }
  await tellOfInstance(rds, instance, kind, name);
  if (keepsBackups) await backUp(rds, instance, signal);
  else await store.changeInstance(instance.resourceId, { status: 'available' });
}

async function failInstance(rds: Rds, instance: Instance, status: string): Promise<void> {
  await destroyCluster(instanceFolder(rds, instance));
  await rds.store.changeInstance(instance.resourceId, { status });
  await tellOfInstance(rds, instance, 'The DB instance creation failed', `It is in the state ${status}.`);
}

/** Holds the cluster of an instance of ours. One that cannot be held is stopped: nobody could ever delete it. */
async function holdOrStop(rds: Rds, instance: Instance, cluster: Cluster): Promise<void> {
  try {
    await hold(rds, instance, cluster);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Starts the cluster of an instance that was there before the platform ended. */
export async function startInstance(rds: Rds, instance: Instance): Promise<void> {
  const { resourceId, settings } = instance;
  try {
    const cluster = await startCluster({
      directory: instanceFolder(rds, instance),
      archive: settings.BackupRetentionPeriod > 0,
      durable: rds.isDurable,
      settings: settingsOfServer,
    });
    await holdOrStop(rds, instance, cluster);
    await rds.store.changeInstance(resourceId, { status: 'available' });
  } catch (error) {
    complain(instance.identifier, error);
    await rds.store.changeInstance(resourceId, { status: 'failed' });
  }
}

/** Stops the cluster of an instance and starts it again, for settings that need it. */
export async function restartInstance(rds: Rds, instance: Instance): Promise<void> {
  const { resourceId } = instance;
  const cluster = rds.running.get(resourceId)?.cluster;
  rds.running.delete(resourceId);
  await cluster?.stop();
  await startInstance(rds, instance);
}

/** Ends an instance of ours that is `deleting`, with its cluster and its automated snapshots. */
export async function deleteInstance(rds: Rds, instance: Instance): Promise<void> {
  const { store, running } = rds;
  const { resourceId } = instance;
  const cluster = running.get(resourceId)?.cluster;
  running.delete(resourceId);
  await cluster?.stop();
  await destroyCluster(instanceFolder(rds, instance));
  for (const snapshot of store.snapshots().filter((each) => each.resourceId === resourceId)) {
    if (snapshot.region !== instance.region) continue;
    if (snapshot.type === 'automated') await deleteSnapshot(rds, snapshot);
    else if (snapshot.status === 'creating' && !snapshot.originalCreatedAt) await failSnapshot(rds, snapshot);
  }
  await store.removeInstance(resourceId);
  await tellOfInstance(rds, instance, 'DB instance deleted');
}

/** The settings of an instance that is restored, as RDS takes them when they are not given. */
export function restoredSettings(source: Settings, given: Partial<Settings>): Settings {
  return {
    ...source,
    MultiAZ: false,
    // Without a subnet group of one's own it goes to the default VPC, which leads to the internet.
    PubliclyAccessible: given.DBSubnetGroupName === undefined,
    CopyTagsToSnapshot: false,
    DeletionProtection: false,
    IAMDatabaseAuthenticationEnabled: false,
    DBSubnetGroupName: 'default',
    DBParameterGroupName: 'default.postgres18',
    VpcSecurityGroupIds: ['sg-default'],
    ...given,
  };
}
