import {
  type Balance,
  balancesOf,
  type Entry,
  type Key,
  type Ledger,
  type Movement,
  showFigures,
  showKey,
} from '../model.ts';
import { greatest, type Quantity, sum, toNumber, toQuantity } from '../quantity.ts';
import { type Expected, invalid, notFound, Refused } from '../refusal.ts';
import type { Asked, Routes } from '../request.ts';

export interface Line {
  readonly sku: string;
  readonly location: string;
  readonly lot?: string;
  readonly quantity: number;
  readonly expectedVersion?: number;
}

/** A line whose names have been looked up. */
export interface Moved extends Key {
  readonly quantity: Quantity;
  readonly expectedVersion?: number | undefined;
  /** The field of the request that names the location. */
  readonly locationField?: string;
}

const post: Routes = {
  'POST /v1/movements': (asked) => {
    const { ledger, body } = asked;
    const moved = lookUp(ledger, body.lines, (index, field) => `lines[${index}].${field}`);
    return record(asked, moved, body);
  },
  'POST /v1/transfers': (asked) => {
    const { ledger, body } = asked;
    const { from, to, lines: taken, ...head } = body;
    const lines = (taken as Line[]).flatMap(({ expectedVersion, ...line }) => [
      { ...line, location: from, quantity: -line.quantity, expectedVersion },
      { ...line, location: to },
    ]);
    const moved = lookUp(ledger, lines, (index, field) => {
      if (field === 'location') return index % 2 === 0 ? 'from' : 'to';
      return `lines[${Math.floor(index / 2)}].${field}`;
    });
    return record(asked, moved, { kind: 'transfer', ...head });
  },
  'POST /v1/entries/{id}/reversal': (asked) => {
    const { ledger, named, body } = asked;
    const entry = ledger.entry(named);
    if (!entry) throw notFound();
    if (entry.reverses) throw new Refused(409, 'not_reversible');
    if (ledger.reversalOf(entry)) throw new Refused(409, 'already_reversed');
    const moved = entry.movements.map((movement) => ({ ...movement, quantity: -movement.quantity }));
    return record(asked, moved, { kind: 'reversal', ...body }, entry);
  },
};

/** The sign that a kind wants of every line. */
const signs: Readonly<Record<string, number>> = { receipt: 1, return: 1, issue: -1 };

const faults: Readonly<Record<string, (asked: Asked) => void>> = {
  'POST /v1/movements': ({ body }) => {
    const sign = signs[body.kind];
    const wrong = (body.lines as Line[]).flatMap(({ quantity }, index) =>
      sign && Math.sign(quantity) !== sign ? [`lines[${index}].quantity`] : [],
    );
    if (wrong.length > 0) throw invalid(...wrong);
  },
  'POST /v1/transfers': ({ body }) => {
    if (body.from === body.to) throw invalid('to');
  },
};

export const postingRoutes = { post, faults };

/** Finds what lines name, or names every field that leads nowhere or does not fit. */
export function lookUp(
  ledger: Ledger,
  lines: readonly Line[],
  fieldName: (index: number, field: 'sku' | 'location' | 'lot') => string,
): Moved[] {
  const wrong = new Set<string>();
  const moved = lines.flatMap(({ sku, location: code, lot = '', quantity, expectedVersion }, index) => {
    const [item, location] = [ledger.item(sku), ledger.location(code)];
    if (!item) wrong.add(fieldName(index, 'sku'));
    if (!location) wrong.add(fieldName(index, 'location'));
    if (item && (item.tracking === 'lot') !== (lot !== '')) wrong.add(fieldName(index, 'lot'));
    const locationField = fieldName(index, 'location');
    return item && location
      ? [{ item, location, lot, quantity: toQuantity(quantity), expectedVersion, locationField }]
      : [];
  });
  if (wrong.size > 0) throw new Refused(422, 'invalid_input', { fields: [...wrong] });
  return moved;
}

interface Head {
  readonly kind: string;
  readonly reference?: string;
  readonly occurredAt?: string;
  readonly metadata?: object;
  readonly dryRun?: boolean;
}

/** Posts an entry of these lines, or answers what it would be. */
export function record(
  { ledger, witness }: Asked,
  moved: readonly Moved[],
  { kind, reference, occurredAt, metadata, dryRun }: Head,
  reverses: Entry | null = null,
): Expected {
  refuse(ledger, kind, moved, occurredAt);
  const recordedAt = witness.time('recordedAt');
  const movements: Movement[] = [];
  const entry: Entry = {
    id: witness.id('entryId'),
    kind,
    reference: reference ?? null,
    occurredAt: occurredAt === undefined ? recordedAt : new Date(occurredAt).toISOString(),
    recordedAt,
    metadata: metadata ?? {},
    reverses,
    movements,
  };
  for (const [index, { item, location, lot, quantity }] of moved.entries())
    movements.push({ entry, line: index + 1, item, location, lot, quantity });
  ledger.entries.push(entry);
  const lines = movements.map((movement) => ({
    ...showLine(movement),
    balance: showFigures(ledger.balance(movement)),
  }));
  if (dryRun) ledger.entries.pop();
  return {
    status: dryRun ? 200 : 201,
    body: { ...showHead(entry), reverses: reverses?.id ?? null, lines, ...(dryRun && { dryRun }) },
  };
}

/** Why an entry cannot be posted: the first of the reasons, in the order in which the product looks for them. */
function refuse(ledger: Ledger, kind: string, moved: readonly Moved[], occurredAt: string | undefined): void {
  const changes = balancesOf(moved);
  if (kind === 'transfer') {
    const perLot = Map.groupBy(changes, ({ item, lot }) => `${item.id} ${lot}`);
    for (const parts of perLot.values()) {
      if (sum(parts.map(({ onHand }) => onHand)) !== 0)
        throw new Refused(422, 'invalid_input', { fields: ['lines'] });
    }
    const key = ({ item, location, lot }: Moved) => `${item.id} ${location.id} ${lot}`;
    const left = new Set(moved.filter(({ quantity }) => quantity < 0).map(key));
    const back = moved.find((line) => line.quantity > 0 && left.has(key(line)));
    if (back) throw new Refused(422, 'invalid_input', { fields: [back.locationField ?? ''] });
  }
  if (occurredAt !== undefined && Date.parse(occurredAt) > Date.now() + 60_000)
    throw new Refused(422, 'invalid_input', { fields: ['occurredAt'] });
  const before = (change: Balance) => ledger.balance(change).onHand;
  const isBeyond = (quantity: Quantity) => Math.abs(quantity) > greatest;
  if (changes.some((change) => isBeyond(change.onHand) || isBeyond(before(change) + change.onHand)))
    throw new Refused(422, 'quantity_out_of_range');
  const short = changes.filter(
    (change) =>
      change.onHand < 0 &&
      before(change) + change.onHand < ledger.reserved(change) &&
      !change.item.allowNegative,
  );
  if (short.length > 0) {
    const lines = short.map((change) => ({
      ...showKey(change),
      available: toNumber(before(change) - ledger.reserved(change)),
      requested: toNumber(-change.onHand),
    }));
    throw new Refused(409, 'insufficient_stock', { lines });
  }
  const stale = moved.filter(
    (line) => line.expectedVersion !== undefined && line.expectedVersion !== ledger.balance(line).version,
  );
  if (stale.length > 0) {
    const lines = stale.map((line) => ({
      ...showKey(line),
      expectedVersion: line.expectedVersion,
      version: ledger.balance(line).version,
    }));
    throw new Refused(409, 'stale_balance', { lines });
  }
}

export function showHead({ id, kind, reference, occurredAt, recordedAt }: Entry) {
  return { entryId: id, kind, reference, occurredAt, recordedAt };
}

export function showLine(movement: Movement) {
  const { entry, line, quantity } = movement;
  return { movementId: `${entry.id}.${line}`, ...showKey(movement), quantity: toNumber(quantity) };
}
