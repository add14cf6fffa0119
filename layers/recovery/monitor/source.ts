/** The instance or cluster of RDS that contains the database, with what both have in common. */
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
  /** The time of its data; undefined while it is being created, and for a copy whose original is not known. */
  readonly takenAt: Date | undefined;
  readonly isEncrypted: boolean;
}

/** The backups in another region. */
export interface CopiesElsewhere {
  readonly snapshots: readonly KeptSnapshot[];
  /** The latest time in the replica of the automated backups; undefined when they are not replicated. */
  readonly replicaReachesTo: Date | undefined;
  readonly isReplicaEncrypted: boolean | undefined;
}

/** Reads the backups of the database. Every reader raises the errors of `rds.ts`. */
export interface BackupSource {
  readonly kind: 'instance' | 'cluster';
  readonly identifier: string;
  /** The other region, or `none` for no copies; undefined when it is not configured. */
  readonly copyRegion: string | undefined;
  /** Undefined when RDS has no database with that name. */
  readonly database: () => Promise<BackedUpDatabase | undefined>;
  readonly snapshots: () => Promise<readonly KeptSnapshot[]>;
  readonly copies: (region: string) => Promise<CopiesElsewhere>;
  /** The accounts that may restore a manual snapshot; `all` means every account. */
  readonly restorers: (snapshot: string, region?: string) => Promise<readonly string[]>;
  /** The time at which the creation of a snapshot began; undefined when RDS does not know it any more. */
  readonly begunAt: (snapshot: string) => Promise<Date | undefined>;
  /** The instances that drills have created. */
  readonly drillInstances: () => Promise<readonly DrillInstance[]>;
}

export interface DrillInstance {
  readonly identifier: string;
  readonly status: string;
  readonly drillId: string | undefined;
  /** Undefined when it is not known. */
  readonly begunAt: Date | undefined;
}
