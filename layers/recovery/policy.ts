const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** From where on something is worth a look, and from where on it is a failure. */
export interface Threshold {
  readonly warn: number;
  readonly fail: number;
}

/** What recovery promises, and from when on it is told that a promise is not kept. */
export interface RecoveryPolicy {
  /** What may be lost at most: how far the latest restorable time may lie behind. */
  readonly recoveryPointAgeMs: Threshold;
  /** How long it may take at most from the decision to restore until what was restored is proven. */
  readonly recoveryTimeMs: Threshold;
  /** How long one can go back; fewer days than these. */
  readonly retentionDays: Threshold;
  /** By how much less backups may really reach back: the first one takes its time, and the oldest one goes as a whole. */
  readonly reachSlackMs: number;
  /** Age of the newest snapshot by what is in it: a copy is as old as what it was copied from. */
  readonly newestSnapshotAgeMs: Threshold;
  /** How long a snapshot may be in the making. */
  readonly snapshotInTheMakingMs: Threshold;
  /** Age of what is newest in the other region. */
  readonly copyAgeMs: Threshold;
  /** Accounts that snapshots may be shared with. */
  readonly trustedAccounts: readonly string[];
  /** Age of the last drill that passed. */
  readonly lastDrillAgeMs: Threshold;
  /** How far the newest heartbeat in a copy may be from the instant that the copy is to be of. */
  readonly heartbeatApartMs: number;
  /** How often a backup is restored and proven: a week less what the schedule may be late by. */
  readonly drillEveryMs: number;
  /** How old the last drill that passed may be for a migration that only a backup leads back from. */
  readonly contractDrillAgeMs: number;
  /** How long an instance of a drill may live: it is given up at the first, and swept. */
  readonly drillInstanceAgeMs: Threshold;
  /** How often an alert is sent to see whether alerts arrive, and how long one may be under way. */
  readonly alertProbe: {
    readonly everyMs: number;
    readonly underWayMs: number;
    readonly ageMs: Threshold;
  };
  /** After this, what is still wrong is told again: less than a day by half an hour, for the schedule is not exact. */
  readonly reminderMs: number;
  /** A check that cannot run for longer than this is as serious as one that fails. */
  readonly blindMs: number;
}

export const recoveryPolicy: RecoveryPolicy = {
  // RDS ships the log every five minutes.
  recoveryPointAgeMs: { warn: 10 * minuteMs, fail: 15 * minuteMs },
  recoveryTimeMs: { warn: 90 * minuteMs, fail: 2 * hourMs },
  retentionDays: { warn: 14, fail: 7 },
  // RDS takes one a day.
  reachSlackMs: 26 * hourMs,
  newestSnapshotAgeMs: { warn: 25 * hourMs, fail: 30 * hourMs },
  snapshotInTheMakingMs: { warn: 2 * hourMs, fail: 6 * hourMs },
  copyAgeMs: { warn: 26 * hourMs, fail: 36 * hourMs },
  trustedAccounts: [],
  lastDrillAgeMs: { warn: 8 * dayMs, fail: 10 * dayMs },
  // There is one a minute, RDS ships its log every five, and some may be late.
  heartbeatApartMs: 5 * minuteMs,
  drillEveryMs: 7 * dayMs - hourMs,
  contractDrillAgeMs: 24 * hourMs,
  drillInstanceAgeMs: { warn: 4 * hourMs, fail: 6 * hourMs },
  alertProbe: {
    everyMs: 7 * dayMs,
    underWayMs: 10 * minuteMs,
    ageMs: { warn: 7 * dayMs + 3 * hourMs, fail: 8 * dayMs },
  },
  reminderMs: 23.5 * hourMs,
  blindMs: 3 * hourMs,
};

/** Clocks differ by less. */
const clockSkewMs = 5 * minuteMs;

/** How long ago something was. What is further in the future than clocks differ is not fresh: its age is not known. */
export function ageOf(at: Date, now: Date): number | undefined {
  const ageMs = now.getTime() - at.getTime();
  return ageMs < -clockSkewMs ? undefined : Math.max(0, ageMs);
}

/** A time whose age is not known, in words. */
export function notYet(at: Date): string {
  return `${at.toISOString()}, which has not come yet: a clock is wrong`;
}

/** Where a figure stands that is the worse the larger it is. */
export function judge(value: number, { warn, fail }: Threshold): 'ok' | 'warn' | 'fail' {
  if (value > fail) return 'fail';
  return value > warn ? 'warn' : 'ok';
}

/** Where a figure stands that is the worse the smaller it is. */
export function judgeAtLeast(value: number, { warn, fail }: Threshold): 'ok' | 'warn' | 'fail' {
  if (value < fail) return 'fail';
  return value < warn ? 'warn' : 'ok';
}

/** A length of time as people say it, such as `3 h 5 min`. */
export function spoken(ms: number): string {
  const units = [
    ['d', dayMs],
    ['h', hourMs],
    ['min', minuteMs],
    ['s', 1_000],
  ] as const;
  const first = units.findIndex(([, unitMs]) => ms >= unitMs);
  if (first < 0) return '0 s';
  let left = ms;
  return units
    .slice(first, first + 2)
    .flatMap(([unit, unitMs]) => {
      const count = Math.floor(left / unitMs);
      left -= count * unitMs;
      return count > 0 ? [`${count} ${unit}`] : [];
    })
    .join(' ');
}
