import type pg from 'pg';
import { publishAlert } from '#platform/aws/alerts.ts';
import { inTransaction } from '#platform/postgres/transaction.ts';
import type { RunReport } from '../reconcile.ts';
import { triggerFaults } from '../triggers.ts';
import { discrepancyAlert, type Failure, failureAlert, triggerAlert } from './alert.ts';
import { readLabels } from './labels.ts';

/** A known fault that lasts is reported again after this time. */
const remindAfterHours = 24;

/** A single process may die for its own reasons. After this many deaths in a row, the organization is the reason. */
const deathsBeforeAlert = 3;

/**
 * Sends the alert about the discrepancies that a run left to people.
 * @throws like publishAlert
 */
export async function sendDiscrepancyAlert(
  jobs: pg.ClientBase,
  organization: { readonly id: string; readonly slug: string },
  report: RunReport,
): Promise<void> {
  const label = await readLabels(jobs, organization.id, report.discrepancies);
  await publishAlert(discrepancyAlert(organization, report, label));
}

/**
 * Sends the alert about triggers that do not work: at once, and then once a day as long as they do not. It publishes within
 * the transaction that records the alert, so if publishing fails, the next tick tries again.
 * @throws like publishAlert
 */
export async function sendTriggerAlert(jobs: pg.ClientBase): Promise<void> {
  const faults = await triggerFaults(jobs);
  await inTransaction(jobs, async () => {
    const { rows } = await jobs.query<{ is_due: boolean }>(
      `select inventory.tell_trigger_faults($1, $2 * interval '1 hour') as is_due`,
      [JSON.stringify(faults), remindAfterHours],
    );
    if (rows[0]?.is_due) await publishAlert(triggerAlert(faults));
  });
}

/**
 * Sends the alert about organizations whose runs fail, in this tick or an earlier one: at once, and then once a day until a
 * run finishes. Deaths of the process are reported after a few. If publishing fails, the next tick tries again.
 * @throws like publishAlert
 */
export async function sendFailureAlert(jobs: pg.ClientBase): Promise<void> {
  await inTransaction(jobs, async () => {
    const { rows } = await jobs.query<FailingOrganization>(
      `select org_id, slug, failures, died from inventory.tell_reconciliation_failures($1, $2 * interval '1 hour')`,
      [deathsBeforeAlert, remindAfterHours],
    );
    if (rows.length === 0) return;
    const failures: Failure[] = [];
    for (const row of rows) failures.push({ slug: row.slug, error: await errorOf(jobs, row) });
    await publishAlert(failureAlert(failures));
  });
}

interface FailingOrganization {
  readonly org_id: string;
  readonly slug: string;
  readonly failures: number;
  readonly died: boolean;
}

/** Why the runs of an organization fail. Enters the organization for the rest of the transaction. */
async function errorOf(
  jobs: pg.ClientBase,
  { org_id, failures, died }: FailingOrganization,
): Promise<string> {
  if (died) return `the process that reconciled it died ${failures} times in a row`;
  await jobs.query('select tenancy.enter_as_job($1)', [org_id]);
  const { rows } = await jobs.query<{ error: string | null }>(
    'select error from inventory.reconciliation_runs where org_id = $1 order by id desc limit 1',
    [org_id],
  );
  return rows[0]?.error ?? 'no run could be started: the log of the job shows why';
}
