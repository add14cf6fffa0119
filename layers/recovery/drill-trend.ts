const weekMs = 7 * 86_400_000;

/** How long a drill has taken until it was proven. */
export interface TimedDrill {
  readonly requestedAt: Date;
  readonly provenAfterMs: number;
}

/** Where the time to recover is heading. */
export interface RecoveryTrend {
  readonly promisedMs: number;
  /** By how much each week makes it longer; negative when it gets shorter. */
  readonly perWeekMs: number;
  /** The Monday (UTC) of the week in which it will be longer than promised; undefined while nothing points there. */
  readonly brokenInWeekOf: Date | undefined;
}

/**
 * Draws a straight line through what drills have taken, the least squares way. Undefined for fewer than three, of which
 * nothing can be said.
 */
export function recoveryTrend(
  drills: readonly TimedDrill[],
  promisedMs: number,
  now: Date = new Date(),
): RecoveryTrend | undefined {
  if (drills.length < 3) return undefined;
  const points = drills.map(({ requestedAt, provenAfterMs }) => ({
    week: (requestedAt.getTime() - now.getTime()) / weekMs,
    provenAfterMs,
  }));
  const mean = (of: (point: (typeof points)[number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const week = mean((point) => point.week);
  const took = mean((point) => point.provenAfterMs);
  const spread = mean((point) => (point.week - week) ** 2);
  if (spread === 0) return undefined;
  const perWeekMs = mean((point) => (point.week - week) * (point.provenAfterMs - took)) / spread;
  const nowMs = took - perWeekMs * week;
  return {
    promisedMs,
    perWeekMs,
    brokenInWeekOf: weekOf(now, (promisedMs - nowMs) / perWeekMs, nowMs > promisedMs),
  };
}

/** Further ahead than this a line through a few drills says nothing. */
const mostWeeks = 520;

function weekOf(now: Date, weeksAhead: number, isBroken: boolean): Date | undefined {
  const weeks = isBroken ? 0 : weeksAhead;
  if (!(weeks >= 0 && weeks <= mostWeeks)) return undefined;
  const day = new Date(now.getTime() + weeks * weekMs);
  const sinceMonday = (day.getUTCDay() + 6) % 7;
  return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() - sinceMonday));
}
