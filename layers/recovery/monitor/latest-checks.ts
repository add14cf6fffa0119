import type pg from 'pg';
import { ageOf, type RecoveryPolicy, recoveryPolicy } from '../policy.ts';
import type { BlindReason } from './blindness.ts';
import type { CheckStatus } from './check.ts';
import { listChecks } from './states.ts';

/** How a check stood in the last run, as the API shows it. */
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
  /** Nobody has looked for so long that it is not known to be so any more. */
  readonly stale: boolean;
  /** When somebody was told last that it is wrong; null when nobody was, and when it is well again. */
  readonly alertedAt: string | null;
}

/** How every check stood in the last run; none before the first. `client` is a connection as an operator or a job. */
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
