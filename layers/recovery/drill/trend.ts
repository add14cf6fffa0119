const weekMs = 7 * 86_400_000;

/** How long a drill took until its copy was proven. */
export interface TimedDrill {
  /** Drills of different kinds take different times, so each kind is compared with itself. */
  readonly kind: string;
  readonly requestedAt: Date;
  readonly provenAfterMs: number;
}

/** The trend of the time to recover. */
export interface RecoveryTrend {
  readonly promisedMs: number;
  /** How much longer a recovery takes each week; negative when it gets shorter. */
  readonly perWeekMs: number;
  /** The Monday (UTC) of the week in which a recovery will take longer than promised; undefined without such a week. */
  readonly brokenInWeekOf: Date | undefined;
}

/**
 * Fits one straight line per kind of drill by least squares, all with the same slope. The promise is broken where the first
 * line exceeds it. Undefined for too few drills: the fit needs two more drills than kinds.
 */
export function recoveryTrend(
  drills: readonly TimedDrill[],
  promisedMs: number,
  now: Date = new Date(),
): RecoveryTrend | undefined {
  const kinds = Map.groupBy(drills, ({ kind }) => kind)
    .values()
    .map((ofKind) => centred(ofKind, now))
    .toArray();
  if (drills.length < kinds.length + 2) return undefined;
  const points = kinds.flatMap((kind) => kind.points);
  const spread = sum(points.map(({ week }) => week ** 2));
  if (spread === 0) return undefined;
  const perWeekMs = sum(points.map(({ week, tookMs }) => week * tookMs)) / spread;
  const nowMs = Math.max(...kinds.map(({ week, tookMs }) => tookMs - perWeekMs * week));
  return {
    promisedMs,
    perWeekMs,
    brokenInWeekOf: weekOf(now, (promisedMs - nowMs) / perWeekMs, nowMs > promisedMs),
  };
}

interface Point {
  /** Weeks from now: negative in the past. */
  readonly week: number;
  readonly tookMs: number;
}

/** The mean of some drills, and each drill relative to it. */
function centred(drills: readonly TimedDrill[], now: Date): Point & { readonly points: readonly Point[] } {
  const points = drills.map(({ requestedAt, provenAfterMs }) => ({
    week: (requestedAt.getTime() - now.getTime()) / weekMs,
    tookMs: provenAfterMs,
  }));
  const week = sum(points.map((point) => point.week)) / points.length;
  const tookMs = sum(points.map((point) => point.tookMs)) / points.length;
  return {
    week,
    tookMs,
    points: points.map((point) => ({ week: point.week - week, tookMs: point.tookMs - tookMs })),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A few drills predict nothing beyond this. */
const mostWeeks = 520;

function weekOf(now: Date, weeksAhead: number, isBroken: boolean): Date | undefined {
  const weeks = isBroken ? 0 : weeksAhead;
  if (!(weeks >= 0 && weeks <= mostWeeks)) return undefined;
  const day = new Date(now.getTime() + weeks * weekMs);
  const sinceMonday = (day.getUTCDay() + 6) % 7;
  return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() - sinceMonday));
}
