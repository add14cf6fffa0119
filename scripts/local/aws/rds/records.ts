/** What the local RDS remembers. Times are ISO texts, since all of it is kept as JSON. */

export type Tags = Readonly<Record<string, string>>;

/** What callers choose about an instance, under the names that the API gives it. */
export interface Settings {
  readonly DBInstanceClass: string;
  readonly MultiAZ: boolean;
  readonly PubliclyAccessible: boolean;
  readonly BackupRetentionPeriod: number;
  readonly CopyTagsToSnapshot: boolean;
  readonly DeletionProtection: boolean;
  readonly IAMDatabaseAuthenticationEnabled: boolean;
  readonly AutoMinorVersionUpgrade: boolean;
  readonly DBSubnetGroupName: string;
  readonly DBParameterGroupName: string;
  readonly VpcSecurityGroupIds: readonly string[];
}

/** A password, and since when it has been the superuser's: a restore to an earlier time has the earlier one. */
export interface PasswordSince {
  readonly since: string;
  readonly password: string;
}

/** What an instance and its snapshots have in common. */
export interface Origin {
  readonly region: string;
  /** Names the instance for good, even when it is renamed; folders are named by it. */
  readonly resourceId: string;
  readonly instanceCreatedAt: string;
  readonly engineVersion: string;
  readonly masterUsername: string;
  readonly databaseName: string;
  readonly isEncrypted: boolean;
  readonly kmsKeyId?: string | undefined;
}

export interface Instance extends Origin {
  readonly identifier: string;
  readonly status: string;
  readonly settings: Settings;
  readonly tags: Tags;
  readonly passwords: readonly PasswordSince[];
  /** Tells the cluster that was attached from another one in the same folder; absent where the cluster is ours. */
  readonly attachedSystem?: string | undefined;
}

export type SnapshotType = 'manual' | 'automated';

export interface Snapshot extends Origin {
  readonly identifier: string;
  readonly type: SnapshotType;
  readonly status: string;
  readonly percent: number;
  /** Of the instance at that time. */
  readonly instanceIdentifier: string;
  readonly settings: Settings;
  /** The tags of the instance, which a restore without tags inherits. */
  readonly instanceTags: Tags;
  readonly tags: Tags;
  readonly port: number;
  readonly password: string;
  /** The folder with the files, once they are whole. */
  readonly folder: string;
  readonly begunAt: string;
  /** When it, or the copy, was complete. */
  readonly createdAt?: string | undefined;
  readonly originalCreatedAt?: string | undefined;
  readonly startSegment?: string | undefined;
  readonly sourceRegion?: string | undefined;
  readonly sourceArn?: string | undefined;
  /** The accounts that may restore it; `all` makes it public. */
  readonly restorableBy: readonly string[];
}

export type SourceType = 'db-instance' | 'db-snapshot';

export interface RdsEvent {
  readonly region: string;
  readonly sourceType: SourceType;
  readonly sourceIdentifier: string;
  readonly message: string;
  readonly at: string;
}

export interface Content {
  readonly instances: readonly Instance[];
  readonly snapshots: readonly Snapshot[];
  readonly events: readonly RdsEvent[];
}

/** The moment from which a snapshot leads on to later times, once it is whole. */
export function completedAt(snapshot: Snapshot): Date {
  return new Date(snapshot.originalCreatedAt ?? Number.NaN);
}
