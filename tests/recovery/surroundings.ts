import type { DrillVerdict, Surroundings } from '#recovery/monitor/check.ts';
import type { ArchiverState, ServerSettings } from '#recovery/monitor/postgres.ts';
import type {
  BackedUpDatabase,
  BackupSource,
  CopiesElsewhere,
  KeptSnapshot,
} from '#recovery/monitor/source.ts';
import { recoveryPolicy } from '#recovery/policy.ts';

/** The time of every check in a unit test. */
export const now = new Date('2026-03-01T12:00:00.000Z');
export const secondMs = 1_000;
export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
export const ago = (ms: number): Date => new Date(now.getTime() - ms);

export const healthyDatabase: BackedUpDatabase = {
  identifier: 'ledger',
  status: 'available',
  createdAt: ago(400 * dayMs),
  retentionDays: 14,
  earliestRestorableAt: ago(14 * dayMs),
  latestRestorableAt: ago(minuteMs),
  isEncrypted: true,
  isDeletionProtected: true,
};

export function kept(identifier: string, more: Partial<KeptSnapshot> = {}): KeptSnapshot {
  return {
    identifier,
    status: 'available',
    kind: 'automated',
    takenAt: ago(hourMs),
    isEncrypted: true,
    ...more,
  };
}

export const durableSettings: ServerSettings = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  data_checksums: 'on',
  archive_mode: 'on',
  archive_timeout: '60',
};

/** The differences from healthy surroundings. Readers of the source that are not given raise when they are called. */
export interface Differences {
  readonly database?: Partial<BackedUpDatabase> | 'gone';
  readonly snapshots?: readonly KeptSnapshot[];
  readonly copies?: Partial<CopiesElsewhere>;
  readonly rds?: Partial<BackupSource>;
  readonly settings?: Partial<ServerSettings>;
  readonly archiver?: Partial<ArchiverState>;
  readonly probes?: Awaited<ReturnType<Surroundings['postgres']['alertProbes']>>;
  readonly drill?: Partial<DrillVerdict>;
  readonly trustedAccounts?: readonly string[];
}

/** Surroundings that are healthy except for the differences. */
export function surroundings(differences: Differences = {}): Surroundings & { readonly rds: BackupSource } {
  const { database, snapshots = [kept('today')], copies = {}, settings, archiver, probes = [] } = differences;
  const unasked = (what: string) => async () => {
    throw new Error(`the check must not ask ${what}`);
  };
  return {
    now,
    policy: { ...recoveryPolicy, trustedAccounts: differences.trustedAccounts ?? [] },
    rds: {
      kind: 'instance',
      identifier: 'ledger',
      copyRegion: 'none',
      database: async () => (database === 'gone' ? undefined : { ...healthyDatabase, ...database }),
      snapshots: async () => snapshots,
      copies: async () => ({
        snapshots: [],
        replicaReachesTo: undefined,
        isReplicaEncrypted: undefined,
        ...copies,
      }),
      restorers: unasked('who may restore'),
      begunAt: unasked('when a snapshot was begun'),
      drillInstances: async () => [],
      ...differences.rds,
    },
    postgres: {
      settings: async () => ({ ...durableSettings, ...settings }),
      archiver: async () => ({
        lastArchivedAt: ago(minuteMs),
        lastFailedAt: undefined,
        lastFailedFile: undefined,
        ...archiver,
      }),
      alertProbes: async () => probes,
    },
    lastDrill: async () => ({
      id: '000007',
      request: { source: 'ledger' },
      passed: true,
      at: ago(hourMs),
      provenAfterMs: 20 * minuteMs,
      brokenLinks: [],
      unreadableSince: [],
      ...differences.drill,
    }),
  };
}
