import { acknowledgementOf, type Journal, type Operation, outcomeOf } from '../journal.ts';
import { placeOf, type Records, type StoredEntry } from './records.ts';

/** What kind of promise was broken. */
export type Breach =
  | 'lost'
  | 'doubled'
  | 'refused but stored'
  | 'not asked for'
  | 'not as answered'
  | 'wrong balance'
  | 'wrong version'
  | 'wrong answer'
  | 'leaked'
  | 'not recovered';

export interface Finding {
  readonly breach: Breach;
  readonly text: string;
}

/** Compares the answers of the clients with what is stored. Empty when every promise was kept. */
export function checkLedger(journal: Journal, records: Records): Finding[] {
  return [
    ...checkEntries(journal, records),
    ...checkItems(journal, records),
    ...checkBalances(journal, records),
  ];
}

function checkEntries(journal: Journal, { entries, movements }: Records): Finding[] {
  const byReference = Map.groupBy(entries, ({ reference }) => reference);
  const linesOf = Map.groupBy(movements, ({ entryId }) => entryId);
  const asked = journal.filter(({ writes }) => writes?.kind === 'entry');
  const names = new Set(asked.map(({ writes }) => writes?.name));
  return [
    ...asked.flatMap((operation) => {
      const name = operation.writes?.name ?? '';
      const stored = byReference.get(name) ?? [];
      const [entry] = stored;
      const elsewhere = stored.filter(({ orgId }) => orgId !== operation.organization.id);
      return [
        ...countFindings(operation, stored.length),
        ...elsewhere.map(() => finding('leaked', `${name} is stored in another organization`)),
        ...(entry && stored.length === 1
          ? checkAnswered(operation, entry, linesOf.get(entry.id)?.map(lineText) ?? [])
          : []),
      ];
    }),
    ...entries
      .filter(({ reference }) => !names.has(reference))
      .map(({ id, reference }) => finding('not asked for', `nobody asked for entry ${id} (${reference})`)),
    ...entries.flatMap(({ id, kind, reference }) => {
      const lines = linesOf.get(id) ?? [];
      const sum = lines.reduce((total, { quantity }) => total + quantity, 0);
      if (lines.length === 0) return finding('lost', `entry ${reference} has no movement`);
      return kind === 'transfer' && sum !== 0
        ? finding('lost', `transfer ${reference} sums to ${sum}, not to zero`)
        : [];
    }),
  ];
}

/** An acknowledged write exists once, a refused one does not exist, and an unknown one exists at most once. */
function countFindings(operation: Operation, stored: number): Finding[] {
  const name = `${operation.what} ${operation.writes?.name}`;
  const outcome = outcomeOf(operation);
  if (stored > 1) return [finding('doubled', `${name} (${outcome}) is stored ${stored} times`)];
  if (outcome === 'acknowledged' && stored === 0)
    return [finding('lost', `${name} was acknowledged and is not stored`)];
  return outcome === 'refused' && stored > 0
    ? [finding('refused but stored', `${name} was refused with ${refusalsOf(operation)} and is stored`)]
    : [];
}

const refusalsOf = ({ attempts }: Operation) =>
  attempts.map(({ answer }) => `${answer?.status} ${answer?.body?.code}`).join(', ');

interface Line {
  readonly sku: string;
  readonly location: string;
  readonly quantity: number;
}

const lineText = ({ sku, location, quantity }: Line) => `${quantity} of ${sku} at ${location}`;

function checkAnswered(operation: Operation, entry: StoredEntry, stored: readonly string[]): Finding[] {
  const answer = acknowledgementOf(operation);
  if (!answer) return [];
  const { entryId, lines } = answer.body as { entryId: string; lines: readonly Line[] };
  const answered = lines.map(lineText).sort().join('; ');
  const found = [...stored].sort().join('; ');
  return entryId === entry.id && answered === found
    ? []
    : [
        finding(
          'not as answered',
          `${entry.reference} was answered as ${entryId} with ${answered}, and is stored as ${entry.id} with ${found}`,
        ),
      ];
}

function checkItems(journal: Journal, { items }: Records): Finding[] {
  const stored = Map.groupBy(items, ({ sku }) => sku);
  return journal
    .filter(({ writes }) => writes?.kind === 'item')
    .flatMap((operation) => countFindings(operation, stored.get(operation.writes?.name ?? '')?.length ?? 0));
}

function checkBalances(journal: Journal, records: Records): Finding[] {
  const movements = Map.groupBy(records.movements, placeOf);
  const balances = new Map(records.balances.map((balance) => [placeOf(balance), balance]));
  const answered = Map.groupBy(journal.flatMap(balancesAnswered), ({ place }) => place);
  return [...new Set([...movements.keys(), ...balances.keys(), ...answered.keys()])].flatMap((place) => {
    const moved = movements.get(place) ?? [];
    const sum = moved.reduce((total, { quantity }) => total + quantity, 0);
    const { onHand, version } = balances.get(place) ?? { onHand: 0, version: 0 };
    return [
      ...(onHand === sum
        ? []
        : [finding('wrong balance', `${place}: ${onHand} stored, ${sum} from movements`)]),
      ...(version === moved.length
        ? []
        : [finding('wrong version', `${place}: version ${version} after ${moved.length} movements`)]),
      ...checkVersions(place, answered.get(place) ?? [], { onHand, version }),
    ];
  });
}

interface AnsweredBalance {
  readonly place: string;
  readonly quantity: number;
  readonly onHand: number;
  readonly version: number;
}

function balancesAnswered(operation: Operation): AnsweredBalance[] {
  const answer = acknowledgementOf(operation);
  if (operation.writes?.kind !== 'entry' || !answer) return [];
  const lines = answer.body.lines as readonly (Line & { balance: { onHand: number; version: number } })[];
  return lines.map(({ sku, location, quantity, balance: { onHand, version } }) => ({
    place: placeOf({ orgId: operation.organization.id, sku, location }),
    quantity,
    onHand,
    version,
  }));
}

/** Each version was answered once, is not beyond the last one, and adds its quantity to the version before. */
function checkVersions(
  place: string,
  answered: readonly AnsweredBalance[],
  last: { readonly onHand: number; readonly version: number },
): Finding[] {
  const byVersion = Map.groupBy(answered, ({ version }) => version);
  return [...byVersion].flatMap(([version, [one, ...more]]) => {
    if (!one) return [];
    const [before] = version === 1 ? [{ onHand: 0 }] : (byVersion.get(version - 1) ?? []);
    const problems = [
      more.length > 0 && `version ${version} was answered ${more.length + 1} times`,
      version > last.version && `version ${version} was answered, the last one is ${last.version}`,
      before &&
        before.onHand + one.quantity !== one.onHand &&
        `version ${version} was answered with ${one.onHand}, ${before.onHand} and ${one.quantity} before`,
      version === last.version &&
        one.onHand !== last.onHand &&
        `version ${version} was answered with ${one.onHand}, and has ${last.onHand}`,
    ];
    return problems
      .filter((text) => typeof text === 'string')
      .map((text) => finding('wrong version', `${place}: ${text}`));
  });
}

export const finding = (breach: Breach, text: string): Finding => ({ breach, text });
