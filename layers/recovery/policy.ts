const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** The bounds beyond which a figure is a warning or a failure. */
export interface Threshold {
  readonly warn: number;
  readonly fail: number;
}

/** What recovery promises, and the bounds at which the monitor reports a broken promise. */
export interface RecoveryPolicy {
  /** How much may be lost: the age of the latest restorable time. */
  readonly recoveryPointAgeMs: Threshold;
  /** How long a restore may take, from the decision until the restored copy is proven. */
  readonly recoveryTimeMs: Threshold;
  /** How many days RDS must keep backups. */
  readonly retentionDays: Threshold;
  /**
   * How much less than the retention the backups may reach back: the first backup takes time, and RDS deletes the oldest
   * as a whole.
   */
  readonly reachSlackMs: number;
  /** The age of the data in the newest snapshot. A copy is as old as its original. */
  readonly newestSnapshotAgeMs: Threshold;
  /** How long the creation of a snapshot may take. */
  readonly snapshotInTheMakingMs: Threshold;
  /** The age of the newest backup in the other region. */
  readonly copyAgeMs: Threshold;
  /** Accounts that snapshots may be shared with. */
  readonly trustedAccounts: readonly string[];
  /** The age of the last drill that passed. */
  readonly lastDrillAgeMs: Threshold;
  /** How far the newest heartbeat in a copy may be from the time that was restored. */
  readonly heartbeatApartMs: number;
  /** How often a drill runs: a week, minus the possible delay of the schedule. */
  readonly drillEveryMs: number;
  /** How old the last passed drill may be before a migration that only a backup can undo. */
  readonly contractDrillAgeMs: number;
  /** How long a drill instance may exist. At `warn` the drill is given up and the sweep deletes the instance. */
  readonly drillInstanceAgeMs: Threshold;
  /** How often a test alert is sent, and how long one may take to arrive. */
  readonly alertProbe: {
    readonly everyMs: number;
    readonly underWayMs: number;
    readonly ageMs: Threshold;
  };
  /** When the monitor repeats an alert: half an hour before a day has passed, because the schedule is not exact. */
  readonly reminderMs: number;
  /** A check that could not run for this long is as serious as a failure. */
  readonly blindMs: number;
}

export const recoveryPolicy: RecoveryPolicy = {
  // RDS ships the log every five minutes.
  recoveryPointAgeMs: { warn: 10 * minuteMs, fail: 15 * minuteMs },
  recoveryTimeMs: { warn: 90 * minuteMs, fail: 2 * hourMs },
  retentionDays: { warn: 14, fail: 7 },
  // RDS takes one backup a day.
  reachSlackMs: 26 * hourMs,
  newestSnapshotAgeMs: { warn: 25 * hourMs, fail: 30 * hourMs },
  snapshotInTheMakingMs: { warn: 2 * hourMs, fail: 6 * hourMs },
  copyAgeMs: { warn: 26 * hourMs, fail: 36 * hourMs },
  trustedAccounts: [],
  lastDrillAgeMs: { warn: 8 * dayMs, fail: 10 * dayMs },
  // A heartbeat is recorded every minute, RDS ships its log every five minutes, and both can be late.
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

/** Two correct clocks differ by less than this. */
const clockSkewMs = 5 * minuteMs;

/** The age of a time. Undefined when the time lies so far in the future that a clock must be wrong. */
export function ageOf(at: Date, now: Date): number | undefined {
  const ageMs = now.getTime() - at.getTime();
  return ageMs < -clockSkewMs ? undefined : Math.max(0, ageMs);
}

/** The words for a time that {@link ageOf} knows no age of. */
export function notYet(at: Date): string {
  return `${at.toISOString()}, which is in the future: a clock is wrong`;
}

/** Judges a figure that must not be too large. */
export function judge(value: number, { warn, fail }: Threshold): 'ok' | 'warn' | 'fail' {
  if (value > fail) return 'fail';
  return value > warn ? 'warn' : 'ok';
}

/** Judges a figure that must not be too small. */
export function judgeAtLeast(value: number, { warn, fail }: Threshold): 'ok' | 'warn' | 'fail' {
  if (value < fail) return 'fail';
  return value < warn ? 'warn' : 'ok';
}

/** A duration in words, such as `3 h 5 min`. */
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
