import fc from 'fast-check';
import type { Balance, Item, Location } from '../model.ts';
import { greatest, type Quantity, toNumber, units } from '../quantity.ts';
import type { Side } from '../side.ts';
import { index, lots, maybe, pick, rarely } from './draw.ts';

/** How much: plain units, parts of one, or what is there, and one ten-thousandth more than is allowed. */
type Amount =
  | { readonly of: 'units' | 'parts'; readonly count: number }
  | { readonly of: 'all' | 'too much' | 'the most' };

const amount: fc.Arbitrary<Amount> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ of: fc.constant('units' as const), count: fc.integer({ min: 1, max: 5 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ of: fc.constant('parts' as const), count: fc.integer({ min: 1, max: 99_999 }) }),
  },
  { weight: 3, arbitrary: fc.record({ of: fc.constant('all' as const) }) },
  { weight: 1, arbitrary: fc.record({ of: fc.constantFrom('too much' as const, 'the most' as const) }) },
);

/** A line as it is drawn: which of the balances, or of the items and locations, is settled when it is sent. */
export interface DrawnLine {
  readonly item: number;
  readonly location: number;
  readonly lot: number;
  readonly amount: Amount;
  readonly isNegative: boolean;
  /** Of the same balance as the line before. */
  readonly isRepeated: boolean;
  /** What there is stock of is asked for, not just anything. */
  readonly isStocked: boolean;
  /** What is below zero is asked for, where there is such a balance. */
  readonly isOwed: boolean;
  readonly expected: 'right' | 'behind' | 'ahead' | undefined;
  readonly stray: 'sku' | 'location' | 'lot' | 'sign' | undefined;
}

export const drawnLine: fc.Arbitrary<DrawnLine> = fc.record({
  item: index,
  location: index,
  lot: fc.nat(lots.length - 1),
  amount,
  isNegative: fc.boolean(),
  isRepeated: rarely(4),
  isStocked: rarely(5).map((isNot) => !isNot),
  isOwed: rarely(6),
  expected: maybe(fc.constantFrom('right', 'right', 'behind', 'ahead'), 4),
  stray: maybe(fc.constantFrom('sku', 'location', 'lot', 'sign'), 25),
});

/** A line as it is sent. */
export interface Named {
  readonly sku: string;
  readonly location: string;
  readonly lot?: string | undefined;
  readonly quantity: number;
  readonly expectedVersion?: number | undefined;
}

/** The balances that have something on hand. */
export function stocked({ ledger }: Side): Balance[] {
  return ledger.balances().filter(({ onHand }) => onHand > 0);
}

/**
 * The lines of an entry; undefined where there is no item or no location yet.
 * @param sign of every line: 1 or -1, or 0 when each has its own
 * @param at where all of them are, if that is settled
 */
export function linesOf(
  drawn: readonly DrawnLine[],
  own: Side,
  sign: -1 | 0 | 1,
  at?: Location,
): Named[] | undefined {
  const lines: Named[] = [];
  let balance: Balance | undefined;
  for (const line of drawn) {
    const signOfLine = (sign || (line.isNegative ? -1 : 1)) * (line.stray === 'sign' && !at ? -1 : 1);
    balance = line.isRepeated && balance ? balance : balanceFor(line, own, signOfLine, at);
    if (!balance) return undefined;
    lines.push(nameLine(line, balance, signOfLine));
  }
  return lines;
}

function balanceFor(line: DrawnLine, own: Side, sign: number, at: Location | undefined): Balance | undefined {
  const there = own.ledger.balances().filter(({ location }) => !at || location === at);
  const owed = line.isOwed ? there.filter(({ onHand }) => onHand < 0) : [];
  const full = sign < 0 && line.isStocked ? there.filter(({ onHand }) => onHand > 0) : [];
  const found = pick(owed, line.item) ?? pick(full, line.item);
  if (found) return found;
  const item = pick<Item>(own.ledger.items, line.item);
  const location = at ?? pick<Location>(own.ledger.locations, line.location);
  if (!item || !location) return undefined;
  return own.ledger.balance({ item, location, lot: item.tracking === 'lot' ? (lots[line.lot] ?? '') : '' });
}

function nameLine({ amount, expected, stray, item: at }: DrawnLine, balance: Balance, sign: number): Named {
  const { item, location, lot, version } = balance;
  const shift = { right: 0, behind: -1, ahead: 1 };
  const isLotWanted = (lot !== '') !== (stray === 'lot');
  return {
    sku: stray === 'sku' ? 'NOTHING' : (pick([item.sku, ...item.aliases], at) ?? item.sku),
    location:
      stray === 'location' ? 'NOWHERE' : (pick([location.code, ...location.aliases], at) ?? location.code),
    lot: isLotWanted ? lot || lots[0] : undefined,
    quantity: sign * toNumber(magnitudeOf(amount, balance, sign)),
    expectedVersion: expected && Math.max(version + shift[expected], 0),
  };
}

/** What is available may be taken; what is missing to the greatest balance may be added. */
export function magnitudeOf(amount: Amount, { onHand, reserved }: Balance, sign: number): Quantity {
  if (amount.of === 'units') return units(amount.count);
  if (amount.of === 'parts') return amount.count;
  if (amount.of === 'the most') return greatest;
  const allowed = sign < 0 ? onHand - reserved : greatest - onHand;
  const wanted = allowed + (amount.of === 'too much' ? 1 : 0);
  if (sign > 0 && amount.of === 'all') return units(1);
  return wanted > 0 && wanted <= greatest ? wanted : units(1);
}
