import type pg from 'pg';
import { isSqlError } from '#platform/postgres/sqlstate.ts';
import { Refusal } from '#platform/refusal.ts';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { drawBoundary } from '../seals/boundary.ts';
import { explain } from './causes/explain.ts';
import type { Discrepancy } from './discrepancy.ts';
import { defaultPolicy } from './policy.ts';
import { correctBalance, readDiscrepancies } from './runs/run-discrepancies.ts';
import { triggerFaults } from './triggers.ts';
import { whyUnwritable } from './unwritable.ts';

/** The result for one discrepancy that a person asked to correct. */
export interface Applied {
  readonly discrepancy: Discrepancy;
  /**
   * applied: the balance was corrected. gone: it already agreed with its movements. changed: the difference has changed, so
   * reconcile again. refused: see `because`. pending: without the dry run, it would be corrected.
   */
  readonly outcome: 'applied' | 'gone' | 'changed' | 'refused' | 'pending';
  readonly because?: string;
}

/** The run does not exist, or none of its discrepancies can be corrected now. */
export class NotApplicable extends Refusal {
  override readonly name = 'NotApplicable';
}

/**
 * Corrects the balances that a run left to people, after examining each of them again. Balances whose movements were
 * changed are refused: there the balance may be right and the movements wrong.
 * @throws NotApplicable when there is no such run, or when a trigger of the ledger is missing, disabled or changed
 */
export async function applyRun(
  jobs: pg.ClientBase,
  orgId: string,
  runId: string,
  { dryRun, signal }: { readonly dryRun: boolean; readonly signal?: AbortSignal | undefined },
): Promise<Applied[]> {
  const [run] = await inOrganizationAsJob<{ comparedThrough: string | null }>(jobs, orgId, 'read', {
    text: `select (select s.compared_through from inventory.reconciliation_state s where s.org_id = $1) as "comparedThrough"
      from inventory.reconciliation_runs where org_id = $1 and id = $2`,
    values: [orgId, runId],
  });
  if (!run) {
    throw new NotApplicable(
      `this organization has no run ${runId}`,
      'The alert names the run. GET /v1/reconciliations lists all runs.',
    );
  }
  const faults = await triggerFaults(jobs);
  if (faults.length > 0) {
    const names = faults.map(({ trigger, fault }) => `${trigger} is ${fault}`).join(', ');
    throw new NotApplicable(
      `a trigger of the ledger does not work: ${names}`,
      'Restore it first, or the balances become wrong again: `npm run validate:isolation` shows how.',
    );
  }
  const left = (await readDiscrepancies(jobs, orgId, runId, 'alerted')).filter(({ item }) => item !== '');
  if (left.length === 0) return [];
  const explained = await explain(jobs, orgId, left, {
    found: 1,
    comparedThrough: run.comparedThrough,
    triggerFaults: [],
    policy: {
      ...defaultPolicy,
      toleranceAbsolute: Number.POSITIVE_INFINITY,
      toleranceRelative: Number.POSITIVE_INFINITY,
    },
  });
  if (!dryRun) await drawBoundary(jobs, orgId, { signal });
  const applied: Applied[] = [];
  for (const [index, discrepancy] of left.entries()) {
    if (signal?.aborted) break;
    const decision = explained[index]?.decision;
    applied.push({
      discrepancy,
      ...(decision?.do === 'alert' && decision.because === 'history in doubt'
        ? {
            outcome: 'refused',
            because:
              explained[index]?.cause === 'unknown'
                ? 'the balance counts more movements than exist, and the cause is unknown: look for lost movements first; `npm run backfill:balances` computes balances from the existing movements, even if some are lost'
                : 'its movements were changed: restore them first, then reconcile again',
          }
        : dryRun
          ? { outcome: decision?.do === 'nothing' ? 'gone' : 'pending' }
          : await apply(jobs, orgId, runId, discrepancy.number)),
    });
  }
  return applied;
}

async function apply(
  jobs: pg.ClientBase,
  orgId: string,
  runId: string,
  number: number,
): Promise<Pick<Applied, 'outcome' | 'because'>> {
  try {
    const outcome = await correctBalance(jobs, orgId, runId, number, 'applied');
    return { outcome: outcome === 'corrected' || outcome === 'recurring' ? 'applied' : outcome };
  } catch (error) {
    const because = isSqlError(error) && whyUnwritable(error);
    if (!because) throw error;
    return { outcome: 'refused', because };
  }
}
