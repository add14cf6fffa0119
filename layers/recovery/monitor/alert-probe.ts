import type pg from 'pg';
import { publishAlert } from '#platform/aws/alerts.ts';
import type { RecoveryPolicy } from '../policy.ts';

/** The name of a test alert. It distinguishes test alerts from all others. */
export const alertProbeName = 'AlertProbe';

/** When a test alert does not arrive, the next run sends another: so a repaired alert path is known within the hour. */
const retryMs = 30 * 60_000;

/** A test alert: it shows whether alerts arrive. */
export interface AlertProbe {
  readonly id: string;
  readonly madeAt: Date;
  readonly sentAt: Date | undefined;
  readonly receivedAt: Date | undefined;
  /** The reason why it could not be sent. */
  readonly failure: string | undefined;
}

/**
 * Sends a test alert when one is due. A failure to send it is recorded and does not raise: the check `alert-path` reports
 * it. `jobs` is a connection as stockade_jobs, outside any transaction.
 */
export async function sendAlertProbe(
  jobs: pg.ClientBase,
  { alertProbe }: RecoveryPolicy,
  now: Date,
): Promise<string | undefined> {
  const { rows } = await jobs.query<{ id: string | null }>(
    `select recovery.begin_alert_probe($1, $2 * interval '1 ms', $3 * interval '1 ms') as id`,
    [now, alertProbe.everyMs, retryMs],
  );
  const id = rows[0]?.id;
  if (!id) return undefined;
  let failure: string | undefined;
  try {
    await publishAlert({
      name: alertProbeName,
      severity: 'info',
      summary: 'Weekly test: alerts arrive',
      detail: [
        'Nothing is wrong. Stockade sends this test alert once a week and records that the topic delivers it.',
        'The record does not prove that alerts reach your mailbox: if you are on call and have not received',
        'a test alert for more than a week, report it.',
      ].join('\n'),
      runbook: 'docs/runbook/backup-alert-path.md',
      facts: { probe: id },
    });
  } catch (error) {
    failure = (error as Error).message;
  }
  await jobs.query('select recovery.note_alert_probe($1, $2, $3)', [
    id,
    failure ? null : now,
    failure ?? null,
  ]);
  return id;
}

/** Records that a test alert has arrived. False when this database did not send it. */
export async function noteAlertProbe(jobs: pg.ClientBase, id: string, now: Date): Promise<boolean> {
  const { rows } = await jobs.query<{ known: boolean }>(
    'select recovery.note_alert_received($1, $2) as known',
    [id, now],
  );
  return rows[0]?.known ?? false;
}
