import fc from 'fast-check';
import { greatest, toNumber } from '../quantity.ts';
import { type Draw, freshKey, index, maybe, pathOf, pick, pickNewest, rarely, sent } from './draw.ts';
import { drawnLine, linesOf, type Named } from './lines.ts';

const reference = fc.constantFrom('CART-1', 'PO-1');
const metadata = fc.constantFrom({}, { basket: [1, null] });
/** Never, in a future that the tests do not reach, or in the past. */
const expiresAt = fc.constantFrom(
  null,
  '2101-01-01T00:00:00.000Z',
  '2101-01-01T01:59:59.999+02:00',
  '1999-12-31T00:00:00Z',
);

const lines = fc.array(drawnLine, { minLength: 1, maxLength: 3 });

/** The lines of a request, mostly about what there is stock of. */
const positive = (named: readonly Named[]) =>
  named.map(({ sku, location, lot, quantity }) => sent({ sku, location, lot, quantity: -quantity }));

export const reserve: fc.Arbitrary<Draw> = fc
  .record({
    lines,
    reference: maybe(reference, 3),
    metadata: maybe(metadata, 4),
    expiresAt: maybe(expiresAt, 3),
    partial: maybe(fc.boolean(), 3),
    isKeyed: rarely(3),
  })
  .map(({ lines, isKeyed, ...head }) => (own) => {
    const named = linesOf(lines, own, -1);
    return (
      named && {
        method: 'POST',
        path: pathOf(['reservations']),
        body: sent({ ...head, lines: positive(named) }),
        idempotencyKey: isKeyed ? freshKey(own) : undefined,
      }
    );
  });

const nobodys = '00000000-0000-7000-8000-000000000001';

/** Which reservation: one of the newest mostly; one of the other organization, or nobody's, now and then. */
const which = fc.record({ at: fc.nat(7), isStray: rarely(10) });

/** A part of what it holds, or lines of anything. */
const part = fc.record({ at: index, share: fc.constantFrom(1, 0.5, 2), others: maybe(lines, 4) });

/** Commits or releases: whole, or a part. */
export const settle: fc.Arbitrary<Draw> = fc
  .record({
    which,
    action: fc.constantFrom('commit', 'commit', 'release'),
    part: maybe(part, 2),
    reference: maybe(reference, 4),
    metadata: maybe(metadata, 4),
    isKeyed: rarely(4),
  })
  .map(({ which: { at, isStray }, action, part, reference, metadata, isKeyed }) => (own, other) => {
    const reservation = pickNewest((isStray ? other : own).ledger.reservations, at);
    const line = part && reservation && pick(reservation.lines, part.at);
    const held = line && {
      sku: line.item.sku,
      location: line.location.code,
      lot: line.lot === '' ? undefined : line.lot,
      quantity: toNumber(Math.min(Math.max(Math.round(line.held * part.share), 1), greatest)),
    };
    const others = part?.others ? positive(linesOf(part.others, own, -1) ?? []) : [];
    const given = part && [...(held ? [sent(held)] : []), ...others];
    const isCommit = action === 'commit';
    return {
      method: 'POST',
      path: pathOf(['reservations', reservation?.id ?? nobodys, action]),
      body: sent({
        lines: given && given.length > 0 ? given : undefined,
        ...(isCommit && { reference, metadata }),
      }),
      // Another body of a release would be a wrong one.
      idempotencyKey: isKeyed && isCommit ? freshKey(own) : undefined,
    };
  });

export const extend: fc.Arbitrary<Draw> = fc
  .record({ which, expiresAt })
  .map(({ which: { at, isStray }, expiresAt }) => (own, other) => {
    const reservation = pickNewest((isStray ? other : own).ledger.reservations, at);
    return {
      method: 'PATCH',
      path: pathOf(['reservations', reservation?.id ?? nobodys]),
      body: { expiresAt },
    };
  });

export const listReservations: fc.Arbitrary<Draw> = fc
  .record({
    item: maybe(index, 2),
    location: maybe(index, 3),
    reference: maybe(reference, 4),
    state: maybe(fc.constantFrom('open', 'committed', 'released', 'expired'), 2),
    limit: maybe(fc.integer({ min: 1, max: 4 }), 2),
  })
  .map(({ item, location, ...query }) => ({ ledger }) => ({
    method: 'GET',
    path: pathOf(['reservations'], {
      ...query,
      sku: item === undefined ? undefined : pick(ledger.items, item)?.sku,
      location: location === undefined ? undefined : pick(ledger.locations, location)?.code,
    }),
  }));

export const showReservation: fc.Arbitrary<Draw> = which.map(({ at, isStray }) => (own, other) => {
  const reservation = pickNewest((isStray ? other : own).ledger.reservations, at);
  return reservation && { method: 'GET', path: pathOf(['reservations', reservation.id]) };
});
