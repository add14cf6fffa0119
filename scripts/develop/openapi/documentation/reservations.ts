import * as z from 'zod';
import type { RouteDocumentation } from '#http/openapi/documentation.ts';
import { Code, Reference } from '#ledger/input.ts';
import { Metadata } from '#ledger/metadata.ts';
import { Amount, Id, LotOrNull, listOf, PostedEntry, Time } from './answers.ts';
import { posted } from './ledger.ts';
import { vocabulary } from './vocabulary.ts';

const Line = z.strictObject({
  sku: Code,
  location: Code,
  lot: LotOrNull,
  quantity: Amount,
  held: Amount,
  committed: Amount,
  released: Amount,
});
vocabulary.add(Line, {
  description:
    '`quantity` is what was asked for. What is neither held, committed nor released of it was never available.',
});

const shape = {
  id: Id,
  state: z.enum(['open', 'committed', 'released', 'expired']),
  reference: Reference.nullable(),
  expiresAt: Time.nullable(),
  createdAt: Time,
  closedAt: Time.nullable(),
  actor: z.string(),
  metadata: Metadata,
  entries: z.array(Id),
  lines: z.array(Line),
};
vocabulary.add(shape.state, {
  description:
    'From `expiresAt` on, an open reservation is `expired` and holds nothing. One that holds nothing any more is `committed` if a part of it was, otherwise `released`.',
});
vocabulary.add(shape.entries, { description: 'The issues that it was committed with.' });

const Reservation = z.strictObject(shape);
vocabulary.add(Reservation, { id: 'Reservation' });

const CommittedReservation = z.strictObject({ ...shape, entry: PostedEntry });
vocabulary.add(CommittedReservation, { id: 'CommittedReservation' });

const id = '0197b1f2-8d20-7c41-8a36-1f0e5c9b2d77';
const place = { sku: 'TEA-EARL-GREY', location: 'LONDON' };
const line = { ...place, lot: null, quantity: 3, held: 3, committed: 0, released: 0 };
const reservation = {
  id,
  state: 'open',
  reference: 'CART-4711',
  expiresAt: '2026-03-01T09:45:00.000Z',
  createdAt: '2026-03-01T09:30:00.000Z',
  closedAt: null,
  actor: 'key:0aQ3xVb7LmTz',
  metadata: {},
  entries: [],
  lines: [line],
};
const path = { id };

export const reservationRoutes: Readonly<Record<string, RouteDocumentation>> = {
  'POST /v1/reservations': {
    id: 'reserve',
    summary: 'Holds stock: all of its lines or nothing',
    description: [
      'It is `reserved` in its balances and not `available` to others, until it is committed, released, or `expiresAt`. Without `expiresAt`, or with null, it never expires.',
      'With `partial: true`, as much of each line as is available is held: `held` says how much. When nothing at all is available, nothing is reserved: `insufficient_stock`.',
    ].join('\n\n'),
    answer: Reservation,
    problems: ['invalid_input', 'insufficient_stock', 'quantity_out_of_range'],
    example: {
      body: {
        reference: 'CART-4711',
        expiresAt: reservation.expiresAt,
        lines: [{ ...place, quantity: 3 }],
      },
      answer: reservation,
    },
  },
  'GET /v1/reservations': {
    id: 'listReservations',
    summary: 'Lists reservations, the newest first',
    description:
      'With `sku` and `location`, those with a line of both. The reservations of one page have at most 1,000 lines together.',
    answer: listOf(Reservation),
    example: { query: { sku: place.sku, state: 'open' }, answer: { data: [reservation], nextCursor: null } },
  },
  'GET /v1/reservations/{id}': {
    id: 'getReservation',
    summary: 'Shows a reservation',
    answer: Reservation,
    example: { path, answer: reservation },
  },
  'PATCH /v1/reservations/{id}': {
    id: 'extendReservation',
    summary: 'Sets when a reservation expires',
    description: 'Later, earlier, or with null never.',
    answer: Reservation,
    problems: ['invalid_input', 'reservation_closed'],
    example: { path, body: { expiresAt: '2026-03-01T10:00:00.000Z' } },
  },
  'POST /v1/reservations/{id}/commit': {
    id: 'commitReservation',
    summary: 'Issues what a reservation holds',
    description:
      'All of it, or with `lines` a part. The issue is posted in the same transaction: `entry` is what was posted. Without `reference` or `metadata` it has those of the reservation.',
    answer: CommittedReservation,
    problems: [
      'invalid_input',
      'reservation_closed',
      'exceeds_reservation',
      'insufficient_stock',
      'quantity_out_of_range',
    ],
    example: {
      path,
      body: {},
      answer: {
        ...reservation,
        state: 'committed',
        closedAt: '2026-03-01T09:40:00.000Z',
        entries: [posted.entryId],
        lines: [{ ...line, held: 0, committed: 3 }],
        entry: {
          ...posted,
          kind: 'issue',
          reference: 'CART-4711',
          lines: posted.lines.map((one) => ({ ...one, quantity: -3 })),
        },
      },
    },
  },
  'POST /v1/reservations/{id}/release': {
    id: 'releaseReservation',
    summary: 'Gives back what a reservation holds',
    description: 'All of it, or with `lines` a part.',
    answer: Reservation,
    problems: ['invalid_input', 'reservation_closed', 'exceeds_reservation'],
    example: { path, body: { lines: [{ ...place, quantity: 1 }] } },
  },
};
