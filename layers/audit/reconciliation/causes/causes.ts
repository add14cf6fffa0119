import type { Fault, FaultKind } from '../../seals/verify/fault.ts';
import { type Cause, driftOf, exactly, type Figures } from '../discrepancy.ts';
import type { TriggerHistory, Window } from '../triggers.ts';
import { appendOnlyTrigger, balanceTrigger } from '../triggers.ts';
import type { Evidence, IncompleteEntry, Tally } from './evidence.ts';

/** Why a balance differs, and what that follows from. */
export interface Finding {
  readonly number: number;
  readonly cause: Cause;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What is known beside the keys themselves. */
export interface Circumstances {
  readonly triggers: TriggerHistory;
  /** The windows of the balance trigger, as the evidence was summed up by. */
  readonly windows: readonly Window[];
  /** What of the ledger is not what was sealed; empty when nothing gave reason to look. */
  readonly sealFaults: readonly Fault[];
  /** When that was written up to which balances were found right and history is sealed; undefined before the first time. */
  readonly vouchedAt: Date | undefined;
  /** Entries behind the boundary that have lost lines. */
  readonly incompleteEntries: readonly IncompleteEntry[];
}

/**
 * Names the cause of each difference, by what excludes every other one that is known. A rule that does not apply says
 * nothing; when none applies the cause is unknown, with what was seen.
 */
export function findCauses(evidence: readonly Evidence[], circumstances: Circumstances): Finding[] {
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
    const finding = shown.get(each) ?? deleted.get(each) ?? unknown(each, circumstances);
    return { number: each.number, cause: finding.cause, detail: { ...finding.detail, ...seen(each) } };
  });
}

type Suspicion = Omit<Finding, 'number'> | undefined;

/**
 * What of the key's history is sealed does not come to its closing any more: one of the two was changed. The hashes of
 * the seal say which.
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
  // A movement that was given to another key is an altered one, and counts here as missing and there as inserted.
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

/** What is missing in the balance is just what was recorded while the balance trigger was not there. */
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

/** Balances that a backfill has not come to. */
function unfinishedBackfill({ awaitsBackfill }: Evidence): Suspicion {
  return awaitsBackfill ? { cause: 'partial_backfill', detail: {} } : undefined;
}

/**
 * Several balances that all stand where history stood at one and the same instant, although the trigger was never away
 * since: they were put back to what they had been then.
 */
function restoredGroup(evidence: readonly Evidence[], { triggers }: Circumstances) {
  const cut = evidence.filter(({ prefix, stored }) => prefix && stored);
  if (cut.length < 2 || cut.length < evidence.filter(({ stored }) => stored).length) return undefined;
  const latest = cut.map(({ prefix }) => prefix?.last?.movementId ?? '').reduce(max);
  const next = cut.map(({ prefix }) => prefix?.firstDivergent?.movementId ?? '').reduce(min);
  const nextAt = cut.map(({ prefix }) => prefix?.firstDivergent?.recordedAt ?? '').reduce(min);
  // All that came before is in every one of them, all that came after in none.
  if (entryOf(latest) >= entryOf(next) || !wasThere(triggers, balanceTrigger, new Date(nextAt)))
    return undefined;
  const detail = { keys: cut.length, lastOfAll: latest, firstMissing: next };
  return new Map(cut.map((each) => [each, { cause: 'restored_to_older_point', detail } as const]));
}

/** Two balances that each say what the other's history says. */
function swappedPairs(evidence: readonly Evidence[]) {
  const pairs = new Map<Evidence, Omit<Finding, 'number'>>();
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
 * Nothing but a write to the balance itself is left: its history is what it was, and the trigger has counted all of it.
 * Up to where balances were found right and history was sealed, that vouches for both; for what came after it the log of
 * the triggers does, for as long as it goes back.
 */
function directWrite(each: Evidence, { triggers, vouchedAt }: Circumstances): Suspicion {
  const { closing, sealed, hasMovedSince, itemMadeAt } = each;
  if (!isSame(closing ?? nothing, sealed)) return undefined;
  const drift = driftOf(each);
  // Nobody else writes what is reserved.
  if (drift.onHand === 0 && drift.version === 0) return { cause: 'direct_write', detail: { of: 'reserved' } };
  // A balance of more movements than there are may have had a movement that is gone.
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
 * Balances that have counted more movements than there are, when entries have lost as many lines: of what nothing else
 * explains, each must fit into the lines that are lost, and all of them together.
 */
function deletedUnsealed(unexplained: readonly Evidence[], { incompleteEntries }: Circumstances) {
  const fitting = unexplained.flatMap((each) => {
    const drift = driftOf(each);
    const entries = incompleteEntries.filter(({ kind }) => mayHaveHeld(kind, drift));
    const fits = drift.version > 0 && drift.version <= linesLost(entries);
    return fits ? [{ each, version: drift.version, entries: entries.map(({ id }) => id) }] : [];
  });
  const counted = fitting.reduce((sum, { version }) => sum + version, 0);
  if (counted > linesLost(incompleteEntries)) return new Map<Evidence, Omit<Finding, 'number'>>();
  return new Map(
    fitting.map(({ each, entries }) => [each, { cause: 'movement_deleted', detail: { entries } } as const]),
  );
}

function linesLost(entries: readonly IncompleteEntry[]): number {
  return entries.reduce((sum, { lost }) => sum + lost, 0);
}

/** Whether a line that is lost can be what a balance has too much: kinds that only add have no lines that take away. */
function mayHaveHeld(kind: string, { onHand, version }: Figures): boolean {
  if (version !== 1) return true;
  if (kind === 'receipt' || kind === 'return') return onHand > 0;
  return kind !== 'issue' || onHand < 0;
}

function unknown(each: Evidence, { incompleteEntries }: Circumstances): Omit<Finding, 'number'> {
  const hasMore = driftOf(each).version > 0 && incompleteEntries.length > 0;
  return {
    cause: 'unknown',
    detail: hasMore ? { incompleteEntries: incompleteEntries.map(({ id }) => id) } : {},
  };
}

/** Whether it is known that a trigger was as it must be at every moment since. */
function wasThere(triggers: TriggerHistory, trigger: string, since: Date): boolean {
  if (!triggers.knownSince || triggers.knownSince > since) return false;
  return triggers.windowsOf(trigger).every(({ until }) => until !== undefined && until <= since);
}

/** What was seen of a key, whatever the cause: the first movement that the balance does not have, when it is such. */
function seen({ prefix, stored }: Evidence): Record<string, unknown> {
  if (!prefix?.firstDivergent || !stored) return {};
  return { firstDivergent: prefix.firstDivergent };
}

/** Windows that are next to each other, longest first: a balance that was put right meanwhile lacks only the later ones. */
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
