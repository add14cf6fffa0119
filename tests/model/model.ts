import { type Quantity, sum, toNumber } from './quantity.ts';

/**
 * The ledger of one organization as a person would keep it: lists. A balance is stored nowhere, it is the sum of its
 * movements; what was there at an instant is the sum of the movements until then.
 * Written from docs/QUICK_REFERENCE.md, not from the SQL: that the two agree is what the tests of this folder show.
 */
export class Ledger {
  readonly name: string;
  /** Who posts: the key that every request of this ledger carries. */
  readonly actor: string;
  readonly items: Item[] = [];
  readonly locations: Location[] = [];
  /** In the order in which they were posted. */
  readonly entries: Entry[] = [];
  /** In the order in which they were made. */
  readonly reservations: Reservation[] = [];
  /** What was answered under each `Idempotency-Key`. */
  readonly kept = new Map<string, Kept>();
  /** Until when a seal vouches for the history. */
  settledThrough: Instant | null = null;

  constructor(name: string, actor: string) {
    this.name = name;
    this.actor = actor;
  }

  item(sku: unknown): Item | undefined {
    return named(this.items, (item) => item.sku, sku);
  }

  location(code: unknown): Location | undefined {
    return named(this.locations, (location) => location.code, code);
  }

  entry(id: unknown): Entry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  reversalOf(entry: Entry): Entry | undefined {
    return this.entries.find(({ reverses }) => reverses === entry);
  }

  reservation(id: unknown): Reservation | undefined {
    return this.reservations.find((reservation) => reservation.id === id);
  }

  /** How much of a key is held. */
  reserved(key: Key): Quantity {
    const lines = this.reservations.flatMap((reservation) => reservation.lines);
    return sum(lines.filter((line) => isSame(line, key)).map(({ held }) => held));
  }

  movements(): Movement[] {
    return this.entries.flatMap((entry) => entry.movements);
  }

  /** The balances of all keys that were ever moved or held, or of those moved until an instant: by SKU, location and lot. */
  balances(until?: { readonly asOf: Instant; readonly basis: Basis }): Balance[] {
    const counted = this.entries.filter(
      ({ recordedAt, occurredAt }) =>
        !until || (until.basis === 'recorded' ? recordedAt : occurredAt) <= until.asOf,
    );
    const moved = balancesOf(counted.flatMap((entry) => entry.movements));
    if (until) return moved;
    const unmoved = this.reservations
      .flatMap(({ lines }) => lines)
      .filter((line) => wasHeld(line) && !moved.some((balance) => isSame(balance, line)))
      .map((line) => ({ ...line, quantity: 0 }));
    const both = [...moved, ...balancesOf(unmoved).map((balance) => ({ ...balance, version: 0 }))];
    return both.map((balance) => ({ ...balance, reserved: this.reserved(balance) })).sort(byKey);
  }

  /** The balance of a key: of nothing when it was never moved. */
  balance(key: Key): Balance {
    const found = balancesOf(this.movements()).find((balance) => isSame(balance, key));
    return { ...key, onHand: 0, version: 0, ...found, reserved: this.reserved(key) };
  }
}

/** The row of a code, or else of an alias. */
function named<Row extends Item | Location>(
  rows: readonly Row[],
  codeOf: (row: Row) => string,
  name: unknown,
): Row | undefined {
  return (
    rows.find((row) => codeOf(row) === name) ?? rows.find(({ aliases }) => aliases.includes(name as string))
  );
}

/** UTC to the millisecond, as the API writes it: in that form instants compare as texts. */
export type Instant = string;
export type Basis = 'recorded' | 'effective';

export interface Item {
  readonly id: string;
  sku: string;
  aliases: readonly string[];
  name: string;
  unit: string;
  readonly tracking: 'none' | 'lot';
  allowNegative: boolean;
  reorderPoint: number | null;
  metadata: object;
  readonly createdAt: Instant;
  updatedAt: Instant;
}

export interface Location {
  readonly id: string;
  code: string;
  aliases: readonly string[];
  name: string;
  kind: string;
  readonly createdAt: Instant;
  updatedAt: Instant;
}

/** What has a balance. A movement names an item and a location as such, whatever they are called by now. */
export interface Key {
  readonly item: Item;
  readonly location: Location;
  /** The empty string for none. */
  readonly lot: string;
}

export interface Movement extends Key {
  readonly entry: Entry;
  /** From 1. */
  readonly line: number;
  readonly quantity: Quantity;
}

export interface Entry {
  readonly id: string;
  readonly kind: string;
  readonly reference: string | null;
  readonly occurredAt: Instant;
  readonly recordedAt: Instant;
  readonly metadata: object;
  readonly reverses: Entry | null;
  readonly movements: readonly Movement[];
}

/** A line of a reservation. Of its quantity, what is neither held, committed nor released was never available. */
export interface HeldLine extends Key {
  readonly quantity: Quantity;
  held: Quantity;
  committed: Quantity;
  released: Quantity;
}

export interface Reservation {
  readonly id: string;
  state: 'open' | 'committed' | 'released' | 'expired';
  readonly reference: string | null;
  expiresAt: Instant | null;
  readonly createdAt: Instant;
  closedAt: Instant | null;
  readonly metadata: object;
  readonly entries: Entry[];
  readonly lines: readonly HeldLine[];
}

/** Whether anything of a line was ever held: then its key has a balance. */
function wasHeld({ held, committed, released }: HeldLine): boolean {
  return held + committed + released > 0;
}

export interface Balance extends Key {
  readonly onHand: Quantity;
  readonly reserved: Quantity;
  /** How many movements it has. */
  readonly version: number;
}

/** An answer that is given again under its `Idempotency-Key`, and the request that it belongs to. */
export interface Kept {
  readonly request: string;
  readonly answer: { readonly status: number; readonly body?: unknown };
}

export function isSame(one: Key, other: Key): boolean {
  return one.item === other.item && one.location === other.location && one.lot === other.lot;
}

/** Sums movements per key; in the order in which balances are listed. */
export function balancesOf<Moved extends Key & { readonly quantity: Quantity }>(
  movements: readonly Moved[],
): Balance[] {
  const perKey: Moved[][] = [];
  for (const movement of movements) {
    const same = perKey.find(([first]) => first && isSame(first, movement));
    if (same) same.push(movement);
    else perKey.push([movement]);
  }
  return perKey
    .map((moved) => {
      const { item, location, lot } = moved[0] as Moved;
      return {
        item,
        location,
        lot,
        onHand: sum(moved.map(({ quantity }) => quantity)),
        reserved: 0,
        version: moved.length,
      };
    })
    .sort(byKey);
}

/** By SKU, location and lot, each by its characters' codes and not by any language. */
function byKey(one: Key, other: Key): number {
  return compareTexts(placeOf(one), placeOf(other));
}

export function placeOf({ item, location, lot }: Key): readonly [sku: string, code: string, lot: string] {
  return [item.sku, location.code, lot];
}

export function compareTexts(one: readonly string[], other: readonly string[]): number {
  for (const [index, text] of one.entries()) {
    const against = other[index] ?? '';
    if (text !== against) return text < against ? -1 : 1;
  }
  return 0;
}

/** A key as the API names it. */
export function showKey({ item, location, lot }: Key) {
  return { sku: item.sku, location: location.code, lot: lot === '' ? null : lot };
}

/** The figures of a balance as the API shows them. */
export function showFigures({ onHand, reserved, version }: Balance) {
  return {
    onHand: toNumber(onHand),
    reserved: toNumber(reserved),
    available: toNumber(onHand - reserved),
    version,
  };
}
