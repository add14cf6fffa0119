import {
  type Balance,
  balancesOf,
  type HeldLine,
  isSame,
  type Key,
  type Ledger,
  type Reservation,
  showKey,
} from '../model.ts';
import { greatest, sum, toNumber } from '../quantity.ts';
import { invalid, notFound, Refused } from '../refusal.ts';
import type { Asked, Routes } from '../request.ts';
import { listed } from './paging.ts';
import { type Line, lookUp, type Moved, record } from './posting.ts';

const answer: Routes = {
  'POST /v1/reservations': ({ ledger, body, witness }) => {
    requireFuture(body.expiresAt);
    const wanted = fieldsOf(ledger, body.lines);
    const available = body.partial ? availableTo(ledger, wanted) : wanted.map(({ quantity }) => quantity);
    const isNothing = available.every((quantity) => quantity === 0);
    const lines = wanted.map(({ item, location, lot, quantity }, index) => ({
      ...{ item, location, lot, quantity, committed: 0, released: 0 },
      held: isNothing ? quantity : (available[index] ?? 0),
    }));
    refuseHolds(ledger, lines);
    const reservation: Reservation = {
      id: witness.id('id'),
      state: 'open',
      reference: body.reference ?? null,
      expiresAt: instantOf(body.expiresAt),
      createdAt: witness.time('createdAt'),
      closedAt: null,
      metadata: body.metadata ?? {},
      entries: [],
      lines,
    };
    ledger.reservations.push(reservation);
    return { status: 201, body: show(ledger, reservation) };
  },
  'GET /v1/reservations': (asked) => {
    const { ledger, query } = asked;
    const isAbout = (line: Key) =>
      (query.sku === undefined || ledger.item(query.sku) === line.item) &&
      (query.location === undefined || ledger.location(query.location) === line.location);
    const found = [...ledger.reservations]
      .reverse()
      .filter(
        ({ state, reference, lines }) =>
          (query.state ?? state) === state &&
          (query.reference === undefined || query.reference === reference) &&
          lines.some(isAbout),
      );
    const newestFirst = ([id = '']: readonly string[], [other = '']: readonly string[]) =>
      id === other ? 0 : id > other ? -1 : 1;
    return listed(
      asked,
      found,
      ({ id }) => [id],
      (reservation) => show(ledger, reservation),
      newestFirst,
    );
  },
  'GET /v1/reservations/{id}': (asked) => ({ status: 200, body: show(asked.ledger, reservationOf(asked)) }),
  'PATCH /v1/reservations/{id}': (asked) => {
    const reservation = openOf(asked);
    requireFuture(asked.body.expiresAt);
    reservation.expiresAt = instantOf(asked.body.expiresAt);
    return { status: 200, body: show(asked.ledger, reservation) };
  },
  'POST /v1/reservations/{id}/commit': (asked) => {
    const { ledger, body, witness } = asked;
    const reservation = openOf(asked);
    const parts = partsOf(ledger, reservation, body.lines);
    const taken = reservation.lines.flatMap(({ item, location, lot }, index) => {
      const part = parts[index] ?? 0;
      return part > 0 ? [{ item, location, lot, quantity: -part }] : [];
    });
    settle(reservation, parts, 'committed');
    try {
      const {
        reference = reservation.reference ?? undefined,
        metadata = reservation.metadata,
        occurredAt,
      } = body;
      const head = { kind: 'issue', reference, metadata, occurredAt };
      const posted = record({ ...asked, witness: witness.of('entry') }, taken, head);
      reservation.entries.push(...ledger.entries.slice(-1));
      closeWhenSettled(reservation, asked);
      return { status: 200, body: { ...show(ledger, reservation), entry: posted.body } };
    } catch (error) {
      settle(reservation, parts, 'committed', -1);
      throw error;
    }
  },
  'POST /v1/reservations/{id}/release': (asked) => {
    const reservation = openOf(asked);
    settle(reservation, partsOf(asked.ledger, reservation, asked.body.lines), 'released');
    closeWhenSettled(reservation, asked);
    return { status: 200, body: show(asked.ledger, reservation) };
  },
};

/** Quantities are above zero. */
function refuseSigns({ body }: Asked): void {
  const wrong = ((body.lines ?? []) as Line[]).flatMap(({ quantity }, index) =>
    quantity > 0 ? [] : [`lines[${index}].quantity`],
  );
  if (wrong.length > 0) throw invalid(...wrong);
}

const faults = {
  'POST /v1/reservations': refuseSigns,
  'POST /v1/reservations/{id}/commit': refuseSigns,
  'POST /v1/reservations/{id}/release': refuseSigns,
};

export const reservationRoutes = { answer, faults };

/** Lets the time of an open reservation pass. */
export function expire(reservation: Reservation, at: string): void {
  for (const line of reservation.lines) {
    line.released += line.held;
    line.held = 0;
  }
  Object.assign(reservation, { state: 'expired', expiresAt: at, closedAt: at });
}

function fieldsOf(ledger: Ledger, lines: readonly Line[]): Moved[] {
  return lookUp(ledger, lines, (index, field) => `lines[${index}].${field}`);
}

function instantOf(expiresAt: string | null | undefined): string | null {
  return expiresAt ? new Date(expiresAt).toISOString() : null;
}

function requireFuture(expiresAt: string | null | undefined): void {
  if (expiresAt && Date.parse(expiresAt) <= Date.now())
    throw new Refused(422, 'invalid_input', { fields: ['expiresAt'] });
}

function reservationOf({ ledger, named }: Asked): Reservation {
  const reservation = ledger.reservation(named);
  if (!reservation) throw notFound();
  return reservation;
}

function openOf(asked: Asked): Reservation {
  const reservation = reservationOf(asked);
  if (reservation.state !== 'open') throw new Refused(409, 'reservation_closed');
  return reservation;
}

/** How much of each line is there when they are served one after the other. */
function availableTo(ledger: Ledger, lines: readonly Moved[]): number[] {
  const served: HeldLine[] = [];
  for (const { item, location, lot, quantity } of lines) {
    const { onHand, reserved } = ledger.balance({ item, location, lot });
    const before = sum(
      served.filter((line) => isSame(line, { item, location, lot })).map(({ held }) => held),
    );
    const left = item.allowNegative ? quantity : Math.max(onHand - reserved - before, 0);
    served.push({ item, location, lot, quantity, held: Math.min(quantity, left), committed: 0, released: 0 });
  }
  return served.map(({ held }) => held);
}

function refuseHolds(ledger: Ledger, lines: readonly HeldLine[]): void {
  const changes = balancesOf(lines.map((line) => ({ ...line, quantity: line.held })));
  const heldBefore = (change: Balance) => ledger.reserved(change);
  if (changes.some((change) => heldBefore(change) + change.onHand > greatest))
    throw new Refused(422, 'quantity_out_of_range');
  const available = (change: Balance) => ledger.balance(change).onHand - heldBefore(change);
  const short = changes.filter(
    (change) => change.onHand > 0 && available(change) < change.onHand && !change.item.allowNegative,
  );
  if (short.length > 0) {
    const told = short.map((change) => ({
      ...showKey(change),
      available: toNumber(available(change)),
      requested: toNumber(change.onHand),
    }));
    throw new Refused(409, 'insufficient_stock', { lines: told });
  }
}

/** How much of each line is meant: all of it, or what lines name, in the order of the reservation. */
function partsOf(ledger: Ledger, { lines }: Reservation, given: readonly Line[] | undefined): number[] {
  if (!given) return lines.map(({ held }) => held);
  const named = fieldsOf(ledger, given);
  const keys = named.filter((line, index) => named.findIndex((other) => isSame(other, line)) === index);
  const wanted = (key: Key) => sum(named.filter((line) => isSame(line, key)).map(({ quantity }) => quantity));
  const held = (key: Key) => sum(lines.filter((line) => isSame(line, key)).map((line) => line.held));
  const beyond = keys.filter((key) => wanted(key) > held(key));
  if (beyond.length > 0) {
    const told = beyond.map((key) => ({
      ...showKey(key),
      held: toNumber(held(key)),
      requested: toNumber(wanted(key)),
    }));
    throw new Refused(409, 'exceeds_reservation', { lines: told });
  }
  return lines.map((line, index) => {
    const before = sum(
      lines
        .slice(0, index)
        .filter((other) => isSame(other, line))
        .map((other) => other.held),
    );
    return Math.min(line.held, Math.max(wanted(line) - before, 0));
  });
}

function settle(
  { lines }: Reservation,
  parts: readonly number[],
  as: 'committed' | 'released',
  sign: 1 | -1 = 1,
): void {
  for (const [index, line] of lines.entries()) {
    const part = sign * (parts[index] ?? 0);
    line.held -= part;
    line[as] += part;
  }
}

function closeWhenSettled(reservation: Reservation, { witness }: Asked): void {
  if (reservation.lines.some(({ held }) => held > 0)) return;
  reservation.state = reservation.lines.some(({ committed }) => committed > 0) ? 'committed' : 'released';
  reservation.closedAt = witness.time('closedAt');
}

function show({ actor }: Ledger, reservation: Reservation) {
  const { id, state, reference, expiresAt, createdAt, closedAt, metadata, entries, lines } = reservation;
  return {
    ...{ id, state, reference, expiresAt, createdAt, closedAt, actor, metadata },
    entries: entries.map((entry) => entry.id),
    lines: lines.map((line) => ({
      ...showKey(line),
      quantity: toNumber(line.quantity),
      held: toNumber(line.held),
      committed: toNumber(line.committed),
      released: toNumber(line.released),
    })),
  };
}
