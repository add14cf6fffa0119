import assert from 'node:assert/strict';
import type { Answer } from '#tests/world.ts';
import { answer } from './answer.ts';
import { balancesOf, type Entry, isSame, type Ledger, showFigures, showKey } from './model.ts';
import { type Play, shown, wanted } from './play.ts';
import type { Request } from './request.ts';
import type { Side } from './side.ts';
import type { Witness } from './witness.ts';

/** A request of a round with its answer. */
export interface Sent {
  readonly side: Side;
  readonly request: Request;
  readonly real: Answer;
  readonly witness: Witness;
}

/** A balance as the API names and shows it. */
interface Place {
  readonly sku: string;
  readonly location: string;
  readonly lot: string | null;
}

interface NamedFigures extends Place {
  readonly onHand: number;
  readonly version: number;
}

/** Every state that balances have been in during a round. */
export class States {
  private readonly before: readonly NamedFigures[];
  private readonly seen: NamedFigures[] = [];

  constructor(ledger: Ledger) {
    this.before = figuresOf(ledger);
    this.seen.push(...this.before);
  }

  add(ledger: Ledger): void {
    this.seen.push(...figuresOf(ledger));
  }

  /** Those of one balance. One that was first moved during the round was one of nothing before. */
  of({ sku, location, lot }: Place): readonly NamedFigures[] {
    const isOfIt = (one: Place) => one.sku === sku && one.location === location && one.lot === lot;
    const found = this.seen.filter(isOfIt);
    return this.before.some(isOfIt) ? found : [...found, { sku, location, lot, onHand: 0, version: 0 }];
  }
}

function figuresOf(ledger: Ledger): NamedFigures[] {
  return ledger.balances().map((balance) => ({ ...showKey(balance), ...showFigures(balance) }));
}

/**
 * Puts effects in an order in which the model answers each as the product did. The version that each line left behind says
 * which of two postings to one balance was first; ids and times do not.
 */
export function inSomeOrder(play: Play, { ledger }: Side, effects: readonly Sent[]): States {
  const states = new States(ledger);
  const left = [...effects];
  while (left.length > 0) {
    const next = left.findIndex((effect) => isNext(ledger, effect));
    const [effect] = left.splice(Math.max(next, 0), 1) as [Sent];
    const { request, real, witness } = effect;
    // Where nothing can come next no order explains what was answered: the comparison shows how far off it is.
    assert.deepEqual(shown(real), wanted(answer({ ledger, witness, cursors: play.cursors }, request)));
    states.add(ledger);
  }
  // The time of recording is taken before postings wait for each other; lists have its order.
  const place = ({ recordedAt, id }: Entry) => `${recordedAt} ${id}`;
  ledger.entries.sort((one, other) => (place(one) < place(other) ? -1 : 1));
  return states;
}

/** Whether every balance of an entry is at the version that the entry found. */
function isNext(ledger: Ledger, { real }: Sent): boolean {
  const { lines } = real.body;
  if (!Array.isArray(lines)) return true;
  const moved = lines.flatMap(({ sku, location: code, lot, quantity, balance }) => {
    const [item, location] = [ledger.item(sku), ledger.location(code)];
    return item && location ? [{ item, location, lot: lot ?? '', quantity, left: balance.version }] : [];
  });
  return balancesOf(moved).every(({ version, ...key }) => {
    const left = moved.find((line) => isSame(line, key))?.left;
    return left === ledger.balance(key).version + version;
  });
}
