import type { XmlElements } from '../xml.ts';
import { basesOf, latestRestorable } from './automated-backups.ts';
import type { Rds } from './context.ts';
import type { Instance, RdsEvent, Snapshot, Tags } from './records.ts';
import { instanceArn, snapshotArn } from './request/names.ts';

const engine = 'postgres';

export function tagList(tags: Tags): XmlElements {
  return { Tag: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
}

/** A DBInstance of the API. */
export async function describeInstance(rds: Rds, instance: Instance): Promise<XmlElements> {
  const { settings } = instance;
  const { VpcSecurityGroupIds, DBSubnetGroupName, DBParameterGroupName, ...plain } = settings;
  const running = rds.running.get(instance.resourceId);
  const keepsBackups = settings.BackupRetentionPeriod > 0;
  return {
    ...plain,
    DBInstanceIdentifier: instance.identifier,
    DBInstanceArn: instanceArn(instance),
    DbiResourceId: instance.resourceId,
    DBInstanceStatus: instance.status,
    Engine: engine,
    EngineVersion: instance.engineVersion,
    MasterUsername: instance.masterUsername,
    DBName: instance.databaseName,
    // An instance has none before there is something to connect to.
    Endpoint: running && { Address: running.cluster.host, Port: running.cluster.port },
    InstanceCreateTime: instance.status === 'creating' ? undefined : instance.instanceCreatedAt,
    LatestRestorableTime: keepsBackups ? await latestRestorable(rds, instance) : undefined,
    StorageEncrypted: instance.isEncrypted,
    KmsKeyId: instance.kmsKeyId,
    VpcSecurityGroups: {
      VpcSecurityGroupMembership: VpcSecurityGroupIds.map((id) => ({
        VpcSecurityGroupId: id,
        Status: 'active',
      })),
    },
    DBParameterGroups: { DBParameterGroup: [{ DBParameterGroupName }] },
    DBSubnetGroup: { DBSubnetGroupName },
    TagList: tagList(instance.tags),
  };
}

/** A DBSnapshot of the API. */
export function describeSnapshot(snapshot: Snapshot): XmlElements {
  const { settings } = snapshot;
  return {
    DBSnapshotIdentifier: snapshot.identifier,
    DBSnapshotArn: snapshotArn(snapshot),
    DBInstanceIdentifier: snapshot.instanceIdentifier,
    DbiResourceId: snapshot.resourceId,
    SnapshotType: snapshot.type,
    Status: snapshot.status,
    PercentProgress: snapshot.percent,
    // Neither is known before the snapshot is whole.
    SnapshotCreateTime: snapshot.createdAt,
    OriginalSnapshotCreateTime: snapshot.originalCreatedAt,
    SourceRegion: snapshot.sourceRegion,
    SourceDBSnapshotIdentifier: snapshot.sourceArn,
    InstanceCreateTime: snapshot.instanceCreatedAt,
    Engine: engine,
    EngineVersion: snapshot.engineVersion,
    MasterUsername: snapshot.masterUsername,
    BackupRetentionPeriod: settings.BackupRetentionPeriod,
    Port: snapshot.port,
    Encrypted: snapshot.isEncrypted,
    KmsKeyId: snapshot.kmsKeyId,
    TagList: tagList(snapshot.tags),
  };
}

/** The automated backup of an instance: all that a restore to a point in time can start from. */
export async function describeAutomatedBackup(rds: Rds, instance: Instance): Promise<XmlElements> {
  const { settings } = instance;
  const bases = basesOf(rds, instance.resourceId);
  const earliest = bases.map(({ completedAt }) => completedAt).sort((a, b) => a.getTime() - b.getTime())[0];
  const latest = await latestRestorable(rds, instance);
  return {
    DBInstanceArn: instanceArn(instance),
    DBInstanceIdentifier: instance.identifier,
    DbiResourceId: instance.resourceId,
    Region: instance.region,
    Status: earliest ? 'active' : 'creating',
    RestoreWindow: earliest && latest ? { EarliestTime: earliest, LatestTime: latest } : undefined,
    InstanceCreateTime: instance.instanceCreatedAt,
    BackupRetentionPeriod: settings.BackupRetentionPeriod,
    Engine: engine,
    EngineVersion: instance.engineVersion,
    MasterUsername: instance.masterUsername,
    Port: rds.running.get(instance.resourceId)?.cluster.port,
    Encrypted: instance.isEncrypted,
    KmsKeyId: instance.kmsKeyId,
    TagList: tagList(instance.tags),
  };
}

export function describeEvent(event: RdsEvent): XmlElements {
  return {
    SourceIdentifier: event.sourceIdentifier,
    SourceType: event.sourceType,
    Message: event.message,
    Date: event.at,
  };
}
