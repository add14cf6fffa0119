import type pg from 'pg';
import type { BlindReason } from './blindness.ts';
import type { CheckResult, CheckStatus } from './check.ts';

export type AlertedStatus = Extract<CheckStatus, 'warn' | 'fail' | 'could_not_run'>;
export type AlertSeverity = 'warning' | 'critical';

/** The status of a check, since when it has it, and its last alert. */
export interface CheckState extends CheckResult {
  readonly since: Date;
  readonly checkedAt: Date;
  /** The last alert; undefined without one, and when the check is well again. */
  readonly alerted:
    | { readonly status: AlertedStatus; readonly severity: AlertSeverity; readonly at: Date }
    | undefined;
}

/** Records the results of a run that began at `now`. */
export async function noteChecks(
  jobs: pg.ClientBase,
  results: readonly CheckResult[],
  now: Date,
): Promise<void> {
  const rows = results.map(({ check, title, status, reason, summary, facts, runbook }) => ({
    check_name: check,
    ...{ title, status, reason: reason ?? null, summary, facts, runbook },
  }));
  await jobs.query('select recovery.note_checks($1, $2)', [JSON.stringify(rows), now]);
}

/** The status of every check in the last run; none before the first. Any role of the platform may read it. */
export async function listChecks(client: pg.ClientBase): Promise<CheckState[]> {
  const { rows } = await client.query<StateRow>('select * from recovery.list_checks()');
  return rows.map(toState);
}

/** Reads the same and locks it until the transaction ends: only one run reports at a time. */
export async function claimChecks(jobs: pg.ClientBase): Promise<CheckState[]> {
  const { rows } = await jobs.query<StateRow>('select * from recovery.claim_checks()');
  return rows.map(toState);
}

/** An alert about a check. Without a status, it reports that the check is well again. */
export interface Reported {
  readonly check: string;
  readonly status: AlertedStatus | undefined;
  readonly severity: AlertSeverity | undefined;
}

/** Records the alerts of a run that began at `now`. */
export async function noteAlerted(
  jobs: pg.ClientBase,
  reported: readonly Reported[],
  now: Date,
): Promise<void> {
  const rows = reported.map(({ check, status, severity }) => ({
    check_name: check,
    status: status ?? null,
    severity: severity ?? null,
  }));
  await jobs.query('select recovery.note_alerted($1, $2)', [JSON.stringify(rows), now]);
}

interface StateRow {
  readonly check_name: string;
  readonly title: string;
  readonly status: CheckStatus;
  readonly reason: BlindReason | null;
  readonly summary: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly runbook: string;
  readonly since: Date;
  readonly checked_at: Date;
  readonly alerted_status: AlertedStatus | null;
  readonly alerted_severity: AlertSeverity | null;
  readonly alerted_at: Date | null;
}

function toState(row: StateRow): CheckState {
  const { title, status, reason, summary, facts, runbook, since } = row;
  const { alerted_status, alerted_severity, alerted_at } = row;
  return {
    check: row.check_name,
    ...{ title, status, summary, facts, runbook, since },
    ...(reason && { reason }),
    checkedAt: row.checked_at,
    alerted:
      alerted_status && alerted_severity && alerted_at
        ? { status: alerted_status, severity: alerted_severity, at: alerted_at }
        : undefined,
  };
}
