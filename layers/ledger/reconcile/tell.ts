import type pg from 'pg';
import { publishAlert } from '#platform/alerts.ts';
import { discrepancyAlert, triggerAlert } from './alert.ts';
import { readLabels } from './labels.ts';
import type { RunReport } from './reconcile.ts';
import { triggerFaults } from './triggers.ts';

/** Something that is known and goes on being wrong is told again after this time. */
const remindAfterHours = 24;

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
  await jobs.query('begin');
  try {
    const { rows } = await jobs.query<{ is_due: boolean }>(
      `select inventory.tell_trigger_faults($1, $2 * interval '1 hour') as is_due`,
      [JSON.stringify(faults), remindAfterHours],
    );
    if (rows[0]?.is_due) await publishAlert(triggerAlert(faults));
    await jobs.query('commit');
  } catch (error) {
    await jobs.query('rollback').catch(() => {});
    throw error;
  }
}
