import fc from 'fast-check';
import { toNumber, toQuantity } from '../quantity.ts';
import type { Side } from '../side.ts';
import {
  type Draw,
  freshKey,
  index,
  instant,
  instantOf,
  lots,
  maybe,
  pathOf,
  pickNewest,
  rarely,
  sent,
} from './draw.ts';
import { drawnLine, linesOf, type Named, stocked } from './lines.ts';

const reference = fc.constantFrom('PO-1', 'Lieferschein 7/№3');
const metadata = fc.constantFrom({}, { buyer: 'Ada', pages: [1, null] });

/** What an entry has beside its lines. */
const head = fc.record({
  reference: maybe(reference, 3),
  occurredAt: maybe(instant, 3),
  metadata: maybe(metadata, 4),
  dryRun: maybe(fc.boolean(), 5),
  isKeyed: rarely(3),
});

/** -1, 1, or 0 where each line has its own. */
const signs = { receipt: 1, return: 1, issue: -1, adjustment: 0, opening: 0 } as const;

export const postEntry: fc.Arbitrary<Draw> = fc
  .record({
    kind: fc.constantFrom('receipt', 'issue', 'adjustment', 'return', 'opening', 'receipt', 'issue'),
    lines: fc.array(drawnLine, { minLength: 1, maxLength: 4 }),
    head,
  })
  .map(({ kind, lines, head }) => (own) => {
    const named = linesOf(lines, own, signs[kind as keyof typeof signs]);
    return named && post(own, kind, named, head);
  });

/** A transfer in its own lines: each takes from one balance and gives to up to two, mostly as much. */
export const postTransferLines: fc.Arbitrary<Draw> = fc
  .record({
    legs: fc.array(
      fc.record({ line: drawnLine, to: index, splits: fc.boolean(), loses: rarely(8), swapsLot: rarely(3) }),
      {
        minLength: 1,
        maxLength: 2,
      },
    ),
    head,
  })
  .map(({ legs, head }) => (own) => {
    const lines = legs.flatMap(({ line, to, splits, loses, swapsLot }) => {
      const [taken] = linesOf([line], own, -1) ?? [];
      const codes = own.ledger.locations.map(({ code }) => code);
      if (!taken || codes.length === 0) return [];
      const { expectedVersion: _, ...place } = taken;
      const whole = toQuantity(-taken.quantity) - (loses ? 1 : 0);
      const parts = (splits && whole > 1 ? [1, whole - 1] : [whole]).filter((part) => part !== 0);
      const lot = place.lot && swapsLot ? lots.find((other) => other !== place.lot) : place.lot;
      const given = parts.map((part, nth) => ({
        ...place,
        lot,
        location: codes[(to + nth) % codes.length] as string,
        quantity: toNumber(part),
      }));
      return [taken, ...given];
    });
    return lines.length === 0 ? undefined : post(own, 'transfer', lines, head);
  });

type Head = typeof head extends fc.Arbitrary<infer T> ? T : never;

function headOf({ reference, occurredAt, metadata, dryRun }: Head, own: Side) {
  return { reference, occurredAt: instantOf(occurredAt, own), metadata, dryRun };
}

function post(own: Side, kind: string, lines: readonly Named[], drawn: Head) {
  return {
    method: 'POST',
    path: pathOf(['movements']),
    body: sent({ kind, ...headOf(drawn, own), lines: lines.map(sent) }),
    idempotencyKey: drawn.isKeyed ? freshKey(own) : undefined,
  } as const;
}

export const postTransfer: fc.Arbitrary<Draw> = fc
  .record({
    at: index,
    lines: fc.array(drawnLine, { minLength: 1, maxLength: 3 }),
    to: index,
    isStray: rarely(15),
    head,
  })
  .map(({ at, lines, to, isStray, head }) => (own) => {
    const from = pickNewest(stocked(own), at)?.location ?? own.ledger.locations[0];
    const others = own.ledger.locations.filter((location) => location !== from || isStray);
    if (!from || others.length === 0) return undefined;
    const taken = linesOf(lines, own, -1, from) ?? [];
    if (taken.length === 0) return undefined;
    const body = {
      from: from.code,
      to: isStray && to % 3 === 0 ? 'NOWHERE' : others[to % others.length]?.code,
      ...headOf(head, own),
      lines: taken.map(({ sku, lot, quantity, expectedVersion }) =>
        sent({ sku, lot, quantity: -quantity, expectedVersion }),
      ),
    };
    return {
      method: 'POST',
      path: pathOf(['transfers']),
      body: sent(body),
      idempotencyKey: head.isKeyed ? freshKey(own) : undefined,
    };
  });

const nobodys = '00000000-0000-7000-8000-000000000000';

/** Of the newest entries mostly; of one that is the other organization's, or nobody's, now and then. */
export const reverse: fc.Arbitrary<Draw> = fc
  .record({
    at: fc.nat(7),
    isStray: rarely(8),
    reference: maybe(reference, 3),
    metadata: maybe(metadata, 4),
    isKeyed: rarely(2),
  })
  .map(({ at, isStray, reference, metadata, isKeyed }) => (own, other) => {
    const id = pickNewest((isStray ? other : own).ledger.entries, at)?.id ?? nobodys;
    return {
      method: 'POST',
      path: pathOf(['entries', id, 'reversal']),
      body: sent({ reference, metadata }),
      idempotencyKey: isKeyed ? freshKey(own) : undefined,
    };
  });
