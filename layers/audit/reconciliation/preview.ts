import type pg from 'pg';
import { type ExplainedDifference, explain } from './causes/explain.ts';
import { compareBalances, compareMissing, mayMissBalances } from './compare-balances.ts';
import { compareHistory, everything } from './compare-history.ts';
import type { Comparison } from './comparison.ts';
import { lastRunKeptAll, lastSeal } from './marks.ts';
import { defaultPolicy } from './policy.ts';
import type { RunKind } from './runs/lease.ts';
import { checkSeals, type SealFinding } from './seal-check.ts';
import { inSnapshot } from './snapshot.ts';
import { type TriggerFault, triggerFaults } from './triggers.ts';
import { checkValues } from './value-check.ts';

/** What a run would find and do. */
export interface Preview {
  readonly keysChecked: number;
  readonly movementsRead: number;
  readonly found: number;
  readonly triggerFaults: readonly TriggerFault[];
  readonly differences: readonly ExplainedDifference[];
  readonly sealFindings: readonly SealFinding[];
}

/** Compares and explains as a run does, in one snapshot, and writes nothing. */
export async function previewRun(jobs: pg.ClientBase, orgId: string, kind: RunKind): Promise<Preview> {
  const faults = await triggerFaults(jobs);
  const { parts, comparedThrough } = await inSnapshot(jobs, orgId, {}, async (snapshot) => {
    const [state] = await snapshot.query<{ compared_through: string | null; next_bucket: number }>(
      'select compared_through, next_bucket from inventory.reconciliation_state where org_id = $1',
      [orgId],
    );
    const seal = await lastSeal(snapshot, orgId);
    const entry = state?.compared_through ?? null;
    const parts: Comparison[] = [];
    if (kind === 'daily' && seal && entry && (await lastRunKeptAll(snapshot, orgId))) {
      const balances = await compareBalances(snapshot, orgId, everything, seal);
      parts.push(balances);
      if (balances.found > 0 || (await mayMissBalances(snapshot, orgId, seal)))
        parts.push(await compareMissing(snapshot, orgId, seal));
      const bucket = { ...everything, bucket: state?.next_bucket ?? 0 };
      // Each balance counts once: the balances of a bucket were compared before.
      parts.push({ ...(await compareHistory(snapshot, orgId, bucket, seal)), keys: 0 });
    } else parts.push(await compareHistory(snapshot, orgId, everything, seal));
    return { parts, comparedThrough: entry };
  });
  const total = (figure: 'keys' | 'movements' | 'found') =>
    parts.reduce((sum, part) => sum + part[figure], 0);
  // One difference may appear twice: among all balances, and because of its bucket or of the last run.
  const all = parts.flatMap((part) => part.differences);
  const distinct = new Map(all.map((each) => [`${each.item} ${each.location} ${each.lot}`, each]));
  const differences = [...distinct.values()].map((difference, index) => ({
    ...difference,
    number: index + 1,
  }));
  const found = total('found') - (all.length - differences.length);
  return {
    keysChecked: total('keys'),
    movementsRead: total('movements'),
    found,
    triggerFaults: faults,
    differences: await explain(jobs, orgId, differences, {
      found,
      comparedThrough,
      triggerFaults: faults,
      policy: defaultPolicy,
    }),
    sealFindings: [...(await checkSeals(jobs, orgId)), ...(await checkValues(jobs, orgId))],
  };
}
