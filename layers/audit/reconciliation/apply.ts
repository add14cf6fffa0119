import type pg from 'pg';
import { isSqlError } from '#platform/postgres/sqlstate.ts';
import { Refusal } from '#platform/refusal.ts';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { drawBoundary } from '../seals/boundary.ts';
import { explain } from './causes/explain.ts';
import type { Discrepancy } from './discrepancy.ts';
import { defaultPolicy } from './policy.ts';
import { correctBalance, readFindings } from './runs/run-findings.ts';
import { triggerFaults } from './triggers.ts';
import { whyUnwritable } from './unwritable.ts';

/** What became of one discrepancy that a person asked to have put right. */
export interface Applied {
  readonly discrepancy: Discrepancy;
  /**
   * applied: the balance is now what its movements say. gone: it was so already. changed: it differs by something else now,
   * so another run has to look at it. refused: see `because`. pending: a dry run would apply it.
   */
  readonly outcome: 'applied' | 'gone' | 'changed' | 'refused' | 'pending';
  readonly because?: string;
}

/** A run that there is not, or nothing of which can be applied now. */
export class NotApplicable extends Refusal {
  override readonly name = 'NotApplicable';
}

/**
 * Makes the balances that a run has left to people what their movements say, each after another look. Not where the
 * movements themselves were changed: there the balance may be what is right.
 * @throws NotApplicable when there is no such run, or a trigger of the ledger is not as it must be
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
      'The alert names the run; GET /v1/reconciliations lists them.',
    );
  }
  const faults = await triggerFaults(jobs);
  if (faults.length > 0) {
    const names = faults.map(({ trigger, fault }) => `${trigger} is ${fault}`).join(', ');
    throw new NotApplicable(
      `a trigger of the ledger is not as it must be: ${names}`,
      'Put it right first, or the balances go wrong again: `npm run validate:isolation` shows how.',
    );
  }
  const left = (await readFindings(jobs, orgId, runId, 'alerted')).filter(({ item }) => item !== '');
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
                ? 'it has counted more movements than there are, and nothing shows why: look for lost ones first; `npm run backfill:balances` makes balances what their movements say whatever was lost'
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
