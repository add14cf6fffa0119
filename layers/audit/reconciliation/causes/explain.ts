import type pg from 'pg';
import { lastSeal } from '../compare.ts';
import { type Cause, type Difference, noFigures } from '../discrepancy.ts';
import { type Decision, decide, type ReconciliationPolicy } from '../policy.ts';
import { sealFaults } from '../seal-check.ts';
import { inSnapshot, type Snapshot } from '../snapshot.ts';
import { balanceTrigger, readTriggerHistory, type TriggerFault } from '../triggers.ts';
import { findCauses } from './causes.ts';
import { type Evidence, gatherEvidence, incompleteEntries, type Tally } from './evidence.ts';

/** A difference that was looked at again, with its cause and what is to be done about it. */
export interface Explained extends Difference {
  readonly number: number;
  readonly cause: Cause;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly decision: Decision | { readonly do: 'nothing' };
}

/** What explaining needs to know beside the differences. */
export interface ExplainOptions {
  /** How many keys the whole run found. */
  readonly found: number;
  /** Up to where an earlier run found every balance right. */
  readonly comparedThrough: string | null;
  readonly triggerFaults: readonly TriggerFault[];
  readonly policy: ReconciliationPolicy;
  /** When to give up, as `performance.now()` counts; never when it is undefined. */
  readonly endsAtMs?: number | undefined;
}

/**
 * Looks at differences again, from their first movement on, and says why they are there and what is to be done: `nothing`
 * when a balance is what its history says by now.
 * @throws what isOutOfTime() knows when it did not get through by `endsAtMs`
 */
export async function explain(
  jobs: pg.ClientBase,
  orgId: string,
  differences: readonly (Difference & { readonly number: number })[],
  options: ExplainOptions,
): Promise<Explained[]> {
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
  // As slow as there is history, so only when a closing says that history is not what it was.
  const suspects = evidence.some(({ closing, sealed }) => !isUnchanged(closing, sealed));
  const findings = findCauses(evidence, {
    ...circumstances,
    sealFaults: suspects ? await sealFaults(jobs, orgId, { endsAtMs }) : [],
  });
  return evidence.map((each, index) => {
    const { cause = 'unknown', detail = {} } = findings[index] ?? {};
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
        : // The balance agrees with movements that do not agree with their seal.
          isUnchanged(each.closing, each.sealed)
          ? { do: 'nothing' }
          : { do: 'alert', because: 'history in doubt' },
    };
  });
}

/** The numbers of those whose balance an earlier run has corrected. */
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

/** Whether what is sealed of a key is still what its last closing says. */
function isUnchanged(closing: Tally | undefined, sealed: Tally): boolean {
  return (closing?.onHand ?? 0) === sealed.onHand && (closing?.version ?? 0) === sealed.version;
}

/** When an id was drawn: UUIDs of version 7 begin with the milliseconds since 1970. */
function drawnAt(id: string): Date {
  return new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
}

function earlier(one: string, other: string): string {
  return one < other ? one : other;
}
