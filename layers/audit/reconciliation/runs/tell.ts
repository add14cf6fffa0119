import type pg from 'pg';
import { publishAlert } from '#platform/alerts.ts';
import { inTransaction } from '#platform/postgres/transaction.ts';
import type { RunReport } from '../reconcile.ts';
import { triggerFaults } from '../triggers.ts';
import { discrepancyAlert, type Failure, failureAlert, triggerAlert } from './alert.ts';
import { readLabels } from './labels.ts';

/** Something that is known and goes on being wrong is told again after this time. */
const remindAfterHours = 24;

/** A process may die for reasons of its own; one organization with which so many have died in a row is the reason. */
const deathsTold = 3;

/**
 * Alerts about what a run has left to people.
 * @throws like publishAlert
 */
export async function tellDiscrepancies(
  jobs: pg.ClientBase,
  organization: { readonly id: string; readonly slug: string },
  report: RunReport,
): Promise<void> {
  const label = await readLabels(jobs, organization.id, report.discrepancies);
  await publishAlert(discrepancyAlert(organization, report, label));
}

/**
 * Alerts about triggers that are not as they must be: at once, and then once a day for as long as it lasts. The alert is
 * published within the transaction that notes it, so that one that could not be is published by the next tick.
 * @throws like publishAlert
 */
export async function tellTriggerFaults(jobs: pg.ClientBase): Promise<void> {
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
 * Alerts about organizations whose runs fail, whichever tick that was: at once, and then once a day until one comes to its
 * end. An organization with which processes die is told after a few. Noted as above: an alert that could not be published
 * is published by the next tick.
 * @throws like publishAlert
 */
export async function tellFailures(jobs: pg.ClientBase): Promise<void> {
  await inTransaction(jobs, async () => {
    const { rows } = await jobs.query<FailingOrganization>(
      `select org_id, slug, failures, died from inventory.tell_reconciliation_failures($1, $2 * interval '1 hour')`,
      [deathsTold, remindAfterHours],
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

/** Why the runs of an organization fail. Enters it for the rest of the transaction. */
async function errorOf(
  jobs: pg.ClientBase,
  { org_id, failures, died }: FailingOrganization,
): Promise<string> {
  if (died)
    return `${failures} times in a row the process that had taken it died, or was ended, without a word`;
  await jobs.query('select tenancy.enter_as_job($1)', [org_id]);
  const { rows } = await jobs.query<{ error: string | null }>(
    'select error from inventory.reconciliation_runs where org_id = $1 order by id desc limit 1',
    [org_id],
  );
  return rows[0]?.error ?? 'no run of it could be begun: the log of the job says why';
}
