import type pg from 'pg';
import { findCauses, type SealFault } from './causes.ts';
import { lastSeal } from './compare.ts';
import { type Cause, type Difference, noFigures } from './discrepancy.ts';
import { type Evidence, gatherEvidence, incompleteEntries } from './evidence.ts';
import { type Decision, decide, type ReconciliationPolicy } from './policy.ts';
import { inSnapshot } from './snapshot.ts';
import { balanceTrigger, readTriggerHistory, type TriggerFault } from './triggers.ts';

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
  /** Sealed movements that are not what their leaves say; undefined when nobody looked. */
  readonly sealFaults?: readonly SealFault[] | undefined;
  readonly statementTimeoutMs?: number | undefined;
}

/**
 * Looks at differences again, from their first movement on, and says why they are there and what is to be done: `nothing`
 * when a balance is what its history says by now.
 */
export async function explain(
  jobs: pg.ClientBase,
  orgId: string,
  differences: readonly (Difference & { readonly number: number })[],
  options: ExplainOptions,
): Promise<Explained[]> {
  const { comparedThrough, triggerFaults, statementTimeoutMs } = options;
  const triggers = await readTriggerHistory(jobs);
  const windows = triggers.windowsOf(balanceTrigger);
  const { evidence, circumstances } = await inSnapshot(
    jobs,
    orgId,
    { statementTimeoutMs },
    async (snapshot) => {
      const seal = await lastSeal(snapshot, orgId);
      const vouched = seal && comparedThrough ? earlier(seal.boundary, comparedThrough) : undefined;
      const basis = { boundary: seal?.boundary, vouched, windows };
      const [backfill] = await snapshot.query(
        'select from inventory.balance_backfills where org_id = $1 and finished_at is null',
        [orgId],
      );
      return {
        evidence: await gatherEvidence(snapshot, orgId, differences, basis),
        circumstances: {
          triggers,
          windows,
          backfillUnfinished: backfill !== undefined,
          sealFaults: options.sealFaults,
          vouchedAt: vouched === undefined ? undefined : drawnAt(vouched),
          incompleteEntries: await incompleteEntries(snapshot, orgId, seal?.boundary),
        },
      };
    },
  );
  const findings = findCauses(evidence, circumstances);
  return evidence.map((each, index) => {
    const { cause = 'unknown', detail = {} } = findings[index] ?? {};
    const context = { found: options.found, triggersHealthy: triggerFaults.length === 0 };
    const { number, item, location, lot, stored, computed } = each;
    return {
      ...{ number, item, location, lot, stored, computed, cause, detail },
      decision: isRight(each)
        ? // Then something else was wrong: what the comparison went by.
          cause === 'seal_altered'
          ? { do: 'alert', because: 'history in doubt' }
          : { do: 'nothing' }
        : decide(each, cause, context, options.policy),
    };
  });
}

function isRight({ stored = noFigures, computed }: Evidence): boolean {
  return (
    stored.onHand === computed.onHand &&
    stored.reserved === computed.reserved &&
    stored.version === computed.version
  );
}

/** When an id was drawn: UUIDs of version 7 begin with the milliseconds since 1970. */
function drawnAt(id: string): Date {
  return new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
}

function earlier(one: string, other: string): string {
  return one < other ? one : other;
}
