/** What holds the database on RDS, instance or cluster, in the words that both have in common. */
export interface BackedUpDatabase {
  readonly identifier: string;
  readonly status: string;
  readonly createdAt: Date | undefined;
  readonly retentionDays: number;
  readonly earliestRestorableAt: Date | undefined;
  readonly latestRestorableAt: Date | undefined;
  readonly isEncrypted: boolean;
  readonly isDeletionProtected: boolean;
}

export interface KeptSnapshot {
  readonly identifier: string;
  readonly status: string;
  /** `manual`, `automated`, `awsbackup`, … Only manual ones can be shared. */
  readonly kind: string;
  /** When what is in it was so; undefined while it is being made, and of a copy whose origin is not known. */
  readonly takenAt: Date | undefined;
  readonly isEncrypted: boolean;
}

/** What is kept in another region. */
export interface CopiesElsewhere {
  readonly snapshots: readonly KeptSnapshot[];
  /** Up to when the replica of the automated backups reaches; undefined when they are not replicated. */
  readonly replicaReachesTo: Date | undefined;
  readonly isReplicaEncrypted: boolean | undefined;
}

/** Where backups of the database are read. Everything raises as `rds.ts` says. */
export interface BackupSource {
  readonly kind: 'instance' | 'cluster';
  readonly identifier: string;
  /** The other region, or `none` where it was decided that there is none; undefined when nobody has said. */
  readonly copyRegion: string | undefined;
  /** Undefined when there is none of that name. */
  readonly database: () => Promise<BackedUpDatabase | undefined>;
  readonly snapshots: () => Promise<readonly KeptSnapshot[]>;
  readonly copies: (region: string) => Promise<CopiesElsewhere>;
  /** The accounts that may restore a manual snapshot; `all` is everybody. */
  readonly restorers: (snapshot: string, region?: string) => Promise<readonly string[]>;
  /** Since when a snapshot is in the making; undefined when nothing is known of it any more. */
  readonly begunAt: (snapshot: string) => Promise<Date | undefined>;
  /** Instances that a drill has made. */
  readonly drillInstances: () => Promise<readonly DrillInstance[]>;
}

export interface DrillInstance {
  readonly identifier: string;
  readonly status: string;
  readonly drillId: string | undefined;
  /** Undefined when nobody knows. */
  readonly begunAt: Date | undefined;
}
