import type pg from 'pg';
import { type Cause, type Difference, noFigures } from '../discrepancy.ts';
import { lastSeal } from '../marks.ts';
import { type Decision, decide, type ReconciliationPolicy } from '../policy.ts';
import { sealFaults } from '../seal-check.ts';
import { inSnapshot, type Snapshot } from '../snapshot.ts';
import { balanceTrigger, readTriggerHistory, type TriggerFault } from '../triggers.ts';
import { findCauses } from './causes.ts';
import { type Evidence, gatherEvidence, incompleteEntries, type Tally } from './evidence.ts';

/** A difference that was examined again, with its cause and the decision about it. */
export interface ExplainedDifference extends Difference {
  readonly number: number;
  readonly cause: Cause;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly decision: Decision | { readonly do: 'nothing' };
}

/** What explain() needs besides the differences. */
export interface ExplainOptions {
  /** How many differences the whole run found. */
  readonly found: number;
  /** The entry up to which an earlier run found every balance right. */
  readonly comparedThrough: string | null;
  readonly triggerFaults: readonly TriggerFault[];
  readonly policy: ReconciliationPolicy;
  /** When to give up, on the clock of `performance.now()`. Undefined means never. */
  readonly endsAtMs?: number | undefined;
}

/**
 * Examines differences again, from the first movement on, and returns the cause and the decision for each. The decision is
 * `nothing` when the balance now agrees with its history.
 * @throws an error that isOutOfTime() recognizes when it does not finish by `endsAtMs`
 */
export async function explain(
  jobs: pg.ClientBase,
  orgId: string,
  differences: readonly (Difference & { readonly number: number })[],
  options: ExplainOptions,
): Promise<ExplainedDifference[]> {
  const { comparedThrough, triggerFaults, endsAtMs } = options;
  const triggers = await readTriggerHistory(jobs);
  const windows = triggers.windowsOf(balanceTrigger);
  const { evidence, corrected, circumstances } = await inSnapshot(
    jobs,
    orgId,
    { endsAtMs },
    async (snapshot) => {
      const seal = await lastSeal(snapshot, orgId);
      const vouched = seal && comparedThrough ? earlier(seal.boundary, comparedThrough) : undefined;
      const basis = { boundary: seal?.boundary, vouched, windows };
      return {
        corrected: await correctedBefore(snapshot, orgId, differences),
        evidence: await gatherEvidence(snapshot, orgId, differences, basis),
        circumstances: {
          triggers,
          windows,
          vouchedAt: vouched === undefined ? undefined : drawnAt(vouched),
          incompleteEntries: await incompleteEntries(snapshot, orgId, seal?.boundary),
        },
      };
    },
  );
  // This reads the whole history, so it runs only when a closing shows that history has changed.
  const suspects = evidence.some(({ closing, sealed }) => !isUnchanged(closing, sealed));
  const explanations = findCauses(evidence, {
    ...circumstances,
    sealFaults: suspects ? await sealFaults(jobs, orgId, { endsAtMs }) : [],
  });
  return evidence.map((each, index) => {
    const { cause = 'unknown', detail = {} } = explanations[index] ?? {};
    const context = {
      found: options.found,
      triggersHealthy: triggerFaults.length === 0,
      correctedBefore: corrected.has(each.number),
    };
    const { number, item, location, lot, stored, computed } = each;
    return {
      ...{ number, item, location, lot, stored, computed, cause, detail },
      decision: !isRight(each)
        ? decide(each, cause, context, options.policy)
        : // The balance agrees with its movements, but the movements do not agree with their seal.
          isUnchanged(each.closing, each.sealed)
          ? { do: 'nothing' }
          : { do: 'alert', because: 'history in doubt' },
    };
  });
}

/** The numbers of the differences whose balance an earlier run has corrected. */
async function correctedBefore(
  snapshot: Snapshot,
  orgId: string,
  differences: readonly (Difference & { readonly number: number })[],
): Promise<ReadonlySet<number>> {
  const rows = await snapshot.query<{ number: number }>(
    `select k.number
     from unnest($2::integer[], $3::uuid[], $4::uuid[], $5::text[]) as k (number, item_id, location_id, lot)
     where exists (
       select
       from inventory.discrepancies d
       where d.org_id = $1 and d.item_id = k.item_id and d.location_id = k.location_id and d.lot = k.lot
         and d.action = 'corrected'
     )`,
    [
      orgId,
      differences.map(({ number }) => number),
      differences.map(({ item }) => item),
      differences.map(({ location }) => location),
      differences.map(({ lot }) => lot),
    ],
  );
  return new Set(rows.map(({ number }) => number));
}

function isRight({ stored = noFigures, computed }: Evidence): boolean {
  return (
    stored.onHand === computed.onHand &&
    stored.reserved === computed.reserved &&
    stored.version === computed.version
  );
}

/** Whether the sealed movements of a balance still add up to its last closing. */
function isUnchanged(closing: Tally | undefined, sealed: Tally): boolean {
  return (closing?.onHand ?? 0) === sealed.onHand && (closing?.version ?? 0) === sealed.version;
}

/** When an id was drawn: a UUID of version 7 begins with the milliseconds since 1970. */
function drawnAt(id: string): Date {
  return new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
}

function earlier(one: string, other: string): string {
  return one < other ? one : other;
}
