import type pg from 'pg';
import { ageOf, type RecoveryPolicy, recoveryPolicy } from '../policy.ts';
import type { BlindReason } from './blindness.ts';
import type { CheckStatus } from './check.ts';
import { listChecks } from './states.ts';

/** The result of a check in the last run, as the API shows it. */
export interface LatestCheck {
  readonly check: string;
  readonly title: string;
  readonly status: CheckStatus;
  readonly reason: BlindReason | null;
  readonly summary: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly runbook: string;
  readonly since: string;
  readonly checkedAt: string;
  /** The last run is so long ago that the result may be outdated. */
  readonly stale: boolean;
  /** The time of the last alert about this check; null without one, and when the check is well again. */
  readonly alertedAt: string | null;
}

/** The results of the last run; none before the first. `client` is a connection as an operator or a job. */
export async function latestChecks(
  client: pg.ClientBase,
  { blindMs }: Pick<RecoveryPolicy, 'blindMs'> = recoveryPolicy,
  now: Date = new Date(),
): Promise<LatestCheck[]> {
  return (await listChecks(client)).map(
    ({ check, title, status, reason, summary, facts, runbook, since, checkedAt, alerted }) => ({
      check,
      title,
      status,
      reason: reason ?? null,
      summary,
      facts,
      runbook,
      since: since.toISOString(),
      checkedAt: checkedAt.toISOString(),
      stale: (ageOf(checkedAt, now) ?? Number.POSITIVE_INFINITY) > blindMs,
      alertedAt: alerted?.at.toISOString() ?? null,
    }),
  );
}
