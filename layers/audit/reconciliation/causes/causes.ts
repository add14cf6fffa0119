import type { Fault, FaultKind } from '../../seals/verify/fault.ts';
import { type Cause, driftOf, exactly, type Figures } from '../discrepancy.ts';
import type { TriggerHistory, Window } from '../triggers.ts';
import { appendOnlyTrigger, balanceTrigger } from '../triggers.ts';
import type { Evidence, IncompleteEntry, Tally } from './evidence.ts';

/** The cause of a difference, and the facts that show it. */
export interface Explanation {
  readonly number: number;
  readonly cause: Cause;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Facts about the ledger that the causes depend on, besides the evidence for each balance. */
export interface Circumstances {
  readonly triggers: TriggerHistory;
  /** The times without a working balance trigger, in the order of `windows` in the evidence. */
  readonly windows: readonly Window[];
  /** Where the ledger differs from its seals. Empty when there was no reason to check. */
  readonly sealFaults: readonly Fault[];
  /** The time up to which balances were found right and history is sealed. Undefined before the first such run. */
  readonly vouchedAt: Date | undefined;
  /** Entries after the boundary that have lost lines. */
  readonly incompleteEntries: readonly IncompleteEntry[];
}

/**
 * Names the cause of each difference. A rule names a cause only when the evidence excludes every other known cause. When
 * no rule applies, the cause is `unknown`, with the observed facts.
 */
export function findCauses(evidence: readonly Evidence[], circumstances: Circumstances): Explanation[] {
  const restored = restoredGroup(evidence, circumstances);
  const swapped = swappedPairs(evidence);
  const shown = new Map(
    evidence.map((each) => [
      each,
      unlikeSeal(each, circumstances) ??
        missedMovements(each, circumstances) ??
        unfinishedBackfill(each) ??
        restored?.get(each) ??
        swapped.get(each) ??
        directWrite(each, circumstances),
    ]),
  );
  const left = evidence.filter((each) => !shown.get(each));
  const deleted = deletedUnsealed(left, circumstances);
  return evidence.map((each) => {
    const explanation = shown.get(each) ?? deleted.get(each) ?? unknown(each, circumstances);
    return {
      number: each.number,
      cause: explanation.cause,
      detail: { ...explanation.detail, ...seen(each) },
    };
  });
}

type Suspicion = Omit<Explanation, 'number'> | undefined;

/**
 * The sealed part of the balance's history no longer adds up to its closing: somebody changed the movements or the seal.
 * The hashes of the seal show which.
 */
function unlikeSeal(
  { closing = nothing, sealed, ...key }: Evidence,
  { sealFaults }: Circumstances,
): Suspicion {
  if (isSame(closing, sealed)) return undefined;
  const detail = { closing, sealed };
  if (sealFaults.some(({ key: altered }) => altered && isKey(altered, key))) {
    return { cause: 'seal_altered', detail };
  }
  const likely =
    sealed.version < closing.version
      ? 'movement_missing'
      : sealed.version > closing.version
        ? 'movement_inserted'
        : 'movement_altered';
  // A movement that was moved to another balance is an altered one: it is missing here and inserted there.
  const kinds: FaultKind[] = [likely, 'movement_altered', 'movement_missing', 'movement_inserted'];
  const kind = kinds.find((each) => sealFaults.some((fault) => fault.kind === each));
  const movements = sealFaults.filter((fault) => fault.kind === kind).map(({ movement }) => movement);
  const cause = kind && historyCauses[kind];
  return cause ? { cause, detail: { ...detail, movements } } : undefined;
}

const historyCauses: Partial<Record<FaultKind, Cause>> = {
  movement_missing: 'movement_deleted',
  movement_inserted: 'movement_inserted',
  movement_altered: 'movement_altered',
};

const nothing: Tally = { onHand: 0, version: 0 };

/** The balance lacks exactly the movements that were recorded while the balance trigger did not work. */
function missedMovements(each: Evidence, { windows }: Circumstances): Suspicion {
  const drift = driftOf(each);
  if (drift.reserved !== 0 || drift.version >= 0) return undefined;
  const match = spans(each.windows.length).find(([from, to]) => {
    const within = each.windows.slice(from, to);
    return (
      within.reduce((sum, { version }) => sum + version, 0) === -drift.version &&
      exactly(within.reduce((sum, { onHand }) => sum + onHand, 0)) === -drift.onHand
    );
  });
  if (!match) return undefined;
  const [from, to] = match;
  return {
    cause: 'trigger_disabled',
    detail: {
      trigger: balanceTrigger,
      windows: windows.slice(from, to),
      movements: -drift.version,
      firstDivergent: each.windows.slice(from, to).find(({ first }) => first)?.first,
    },
  };
}

/** A backfill has not reached this balance yet. */
function unfinishedBackfill({ awaitsBackfill }: Evidence): Suspicion {
  return awaitsBackfill ? { cause: 'partial_backfill', detail: {} } : undefined;
}

/**
 * Several balances all have the figures of one earlier instant, although the trigger has always worked since: somebody
 * restored an older copy of them.
 */
function restoredGroup(evidence: readonly Evidence[], { triggers }: Circumstances) {
  const cut = evidence.filter(({ prefix, stored }) => prefix && stored);
  if (cut.length < 2 || cut.length < evidence.filter(({ stored }) => stored).length) return undefined;
  const latest = cut.map(({ prefix }) => prefix?.last?.movementId ?? '').reduce(max);
  const next = cut.map(({ prefix }) => prefix?.firstDivergent?.movementId ?? '').reduce(min);
  const nextAt = cut.map(({ prefix }) => prefix?.firstDivergent?.recordedAt ?? '').reduce(min);
  // Every balance contains all movements before that instant, and none after it.
  if (entryOf(latest) >= entryOf(next) || !wasThere(triggers, balanceTrigger, new Date(nextAt)))
    return undefined;
  const detail = { keys: cut.length, lastOfAll: latest, firstMissing: next };
  return new Map(cut.map((each) => [each, { cause: 'restored_to_older_point', detail } as const]));
}

/** Two balances were swapped: each has the figures that the other's history gives. */
function swappedPairs(evidence: readonly Evidence[]) {
  const pairs = new Map<Evidence, Omit<Explanation, 'number'>>();
  for (const each of evidence) {
    const other = evidence.find(
      (candidate) =>
        candidate !== each &&
        each.stored &&
        candidate.stored &&
        isSame(each.stored, candidate.computed) &&
        isSame(candidate.stored, each.computed),
    );
    if (!other) continue;
    const { item, location, lot } = other;
    pairs.set(each, { cause: 'direct_write', detail: { swappedWith: { item, location, lot } } });
  }
  return pairs;
}

/**
 * Only a write to the balance itself is left as a cause: its history is unchanged, and the trigger counted every movement.
 * Both are certain up to the point where balances were found right and history was sealed. After that point, the log of
 * the triggers shows it, as far back as the log goes.
 */
function directWrite(each: Evidence, { triggers, vouchedAt }: Circumstances): Suspicion {
  const { closing, sealed, hasMovedSince, itemMadeAt } = each;
  if (!isSame(closing ?? nothing, sealed)) return undefined;
  const drift = driftOf(each);
  // The ledger's triggers never write `reserved`.
  if (drift.onHand === 0 && drift.version === 0) return { cause: 'direct_write', detail: { of: 'reserved' } };
  // If the balance counts more movements than exist, a movement may have been deleted.
  if (closing && !hasMovedSince && drift.version <= 0)
    return { cause: 'direct_write', detail: { history: 'sealed' } };
  const since = closing ? vouchedAt : itemMadeAt;
  const isVouchedFor =
    since !== undefined &&
    wasThere(triggers, appendOnlyTrigger, since) &&
    (drift.version >= 0 || wasThere(triggers, balanceTrigger, since));
  if (!isVouchedFor) return undefined;
  return { cause: 'direct_write', detail: { history: closing ? 'sealed, then watched' : 'watched', since } };
}

/**
 * Balances count more movements than exist, and entries have lost lines. The lost lines explain the balances only if each
 * balance fits into the lost lines, and all these balances together do too.
 */
function deletedUnsealed(unexplained: readonly Evidence[], { incompleteEntries }: Circumstances) {
  const fitting = unexplained.flatMap((each) => {
    const drift = driftOf(each);
    const entries = incompleteEntries.filter(({ kind }) => mayHaveHeld(kind, drift));
    const fits = drift.version > 0 && drift.version <= linesLost(entries);
    return fits ? [{ each, version: drift.version, entries: entries.map(({ id }) => id) }] : [];
  });
  const counted = fitting.reduce((sum, { version }) => sum + version, 0);
  if (counted > linesLost(incompleteEntries)) return new Map<Evidence, Omit<Explanation, 'number'>>();
  return new Map(
    fitting.map(({ each, entries }) => [each, { cause: 'movement_deleted', detail: { entries } } as const]),
  );
}

function linesLost(entries: readonly IncompleteEntry[]): number {
  return entries.reduce((sum, { lost }) => sum + lost, 0);
}

/** Whether a lost line can explain the surplus of a balance. A receipt or a return has only lines that add stock. */
function mayHaveHeld(kind: string, { onHand, version }: Figures): boolean {
  if (version !== 1) return true;
  if (kind === 'receipt' || kind === 'return') return onHand > 0;
  return kind !== 'issue' || onHand < 0;
}

function unknown(each: Evidence, { incompleteEntries }: Circumstances): Omit<Explanation, 'number'> {
  const hasMore = driftOf(each).version > 0 && incompleteEntries.length > 0;
  return {
    cause: 'unknown',
    detail: hasMore ? { incompleteEntries: incompleteEntries.map(({ id }) => id) } : {},
  };
}

/** Whether the log shows that a trigger has worked at every moment since. */
function wasThere(triggers: TriggerHistory, trigger: string, since: Date): boolean {
  if (!triggers.knownSince || triggers.knownSince > since) return false;
  return triggers.windowsOf(trigger).every(({ until }) => until !== undefined && until <= since);
}

/** A fact for every cause: the first movement that the balance lacks, when it contains all movements before that one. */
function seen({ prefix, stored }: Evidence): Record<string, unknown> {
  if (!prefix?.firstDivergent || !stored) return {};
  return { firstDivergent: prefix.firstDivergent };
}

/** All ranges of consecutive windows, longest first. A balance that was corrected in between lacks only the later windows. */
function spans(count: number): [number, number][] {
  const all: [number, number][] = [];
  for (let from = 0; from < count; from += 1)
    for (let to = from + 1; to <= count; to += 1) all.push([from, to]);
  return all.sort(([a, b], [c, d]) => d - c - (b - a));
}

function isSame(one: Tally, other: Tally): boolean {
  return one.version === other.version && one.onHand === other.onHand;
}

function isKey(
  { itemId, locationId, lot }: NonNullable<Fault['key']>,
  key: { readonly item: string; readonly location: string; readonly lot: string },
): boolean {
  return itemId === key.item && locationId === key.location && lot === key.lot;
}

const entryOf = (movementId: string) => movementId.slice(0, 36);
const max = (one: string, other: string) => (one > other ? one : other);
const min = (one: string, other: string) => (one < other ? one : other);
