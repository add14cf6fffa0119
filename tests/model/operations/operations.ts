import fc from 'fast-check';
import { changeItem, changeLocation, createItem, createLocation, remove, showOne } from './catalog.ts';
import type { Draw } from './draw.ts';
import { postEntry, postTransfer, postTransferLines, reverse } from './posting.ts';
import { goOn, listBalances, listCatalog, listMovements, showEntry, showItemBalance } from './reading.ts';
import { replay } from './replaying.ts';
import { extend, listReservations, reserve, settle, showReservation } from './reserving.ts';

/** A request that one of the two organizations sends. */
export interface AskOperation {
  readonly does: 'ask';
  readonly tenant: 0 | 1;
  readonly draw: Draw;
}

/** What has been posted is sealed, as the daily job does it. */
export interface SealOperation {
  readonly does: 'seal';
  readonly tenant: 0 | 1;
  /** Up to which entry, counted back from the newest, the books are settled; the clock says when undefined. */
  readonly settledBack: number | undefined;
  readonly mostMovements: number;
}

/** The time of an open reservation passes. */
export interface ExpireOperation {
  readonly does: 'expire';
  readonly tenant: 0 | 1;
  readonly at: number;
  /** Whether what has expired is closed then, as the daily job does it. */
  readonly sweeps: boolean;
}

export type Operation = AskOperation | SealOperation | ExpireOperation;

type Weighted = readonly [weight: number, draw: fc.Arbitrary<Draw>];

/**
 * How often each request comes. To add an operation (a stocktake, say):
 *
 * 1. The model: answer its route in a file of its own beside `../posting.ts`, with what it keeps in `../model.ts`, and
 *    name the routes in `../answer.ts`.
 * 2. Its generator: a {@link Draw} in a file of this folder, which makes the request from what the ledger then holds.
 * 3. A line here. What stands under `writes` is also sent at once with others: `../serial-order.ts` then has to know
 *    which of two came first.
 *
 * Sending, comparing, tracing and shrinking do the rest. What shows its effect by another route than those of
 * `../agreement.ts` is read there too.
 */
const writes: readonly Weighted[] = [
  [12, postEntry],
  [3, postTransfer],
  [3, postTransferLines],
  [4, reverse],
  [5, replay],
  [2, createItem],
  [1, createLocation],
];

/** What `tests/reservations/races.test.ts` sends at once with others. */
const holds: readonly Weighted[] = [
  [7, reserve],
  [6, settle],
  [1, extend],
];

/** What changes how other requests are answered, so that it matters what comes first. */
const changes: readonly Weighted[] = [
  [2, changeItem],
  [1, changeLocation],
  [1, remove],
];

const reads: readonly Weighted[] = [
  [3, listBalances],
  [2, showItemBalance],
  [3, listMovements],
  [3, goOn],
  [1, listCatalog],
  [1, showEntry],
  [1, showOne],
  [2, listReservations],
  [1, showReservation],
];

const tenant = fc.constantFrom(0 as const, 1 as const);

function asking(weighted: readonly Weighted[]): fc.Arbitrary<AskOperation> {
  const draw = fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })));
  return fc.record({ does: fc.constant('ask' as const), tenant, draw });
}

const sealing: fc.Arbitrary<SealOperation> = fc.record({
  does: fc.constant('seal' as const),
  tenant,
  settledBack: fc.option(fc.nat(4), { nil: undefined, freq: 4 }),
  mostMovements: fc.constantFrom(1_000, 1, 3),
});

const expiring: fc.Arbitrary<ExpireOperation> = fc.record({
  does: fc.constant('expire' as const),
  tenant,
  at: fc.nat(7),
  sweeps: fc.boolean(),
});

/** Everything that can happen to a ledger. */
export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 30, arbitrary: asking([...writes, ...holds, ...changes]) },
  { weight: 14, arbitrary: asking(reads) },
  { weight: 2, arbitrary: sealing },
  { weight: 2, arbitrary: expiring },
);

/** What can happen at once with others of its kind. */
export const writing: fc.Arbitrary<AskOperation> = asking(writes);
