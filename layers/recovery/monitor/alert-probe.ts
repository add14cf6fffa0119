import type pg from 'pg';
import { publishAlert } from '#platform/alerts.ts';
import type { RecoveryPolicy } from '../policy.ts';

/** The name of the alert by which its receipt is told from every other alert. */
export const alertProbeName = 'AlertProbe';

/** After one that did not arrive the next run sends another: alerts that arrive again are known within the hour. */
const retryMs = 30 * 60_000;

/** An alert that was sent to see whether alerts arrive. */
export interface AlertProbe {
  readonly id: string;
  readonly madeAt: Date;
  readonly sentAt: Date | undefined;
  readonly receivedAt: Date | undefined;
  /** Why it could not be sent. */
  readonly failure: string | undefined;
}

/**
 * Sends an alert to see whether it arrives, when one is due. That it cannot be sent is noted and is no error here: the
 * check of the way of alerts tells of it. `jobs` is a connection as stockade_jobs, outside of any transaction.
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
        'Nothing is wrong. This is sent once a week to see that alerts arrive, and its arrival is noted.',
        'That it was noted proves the way to the topic and out of it, not your mailbox: whoever is on call and has had',
        'no such message for more than a week should say so.',
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

/** Notes that such an alert has arrived. False when its id is none that was sent from here. */
export async function noteAlertProbe(jobs: pg.ClientBase, id: string, now: Date): Promise<boolean> {
  const { rows } = await jobs.query<{ known: boolean }>(
    'select recovery.note_alert_received($1, $2) as known',
    [id, now],
  );
  return rows[0]?.known ?? false;
}
