import type { RouteDocumentation } from '#http/openapi/documentation.ts';
import { Balances, Entry, ItemBalance, listOf, Movement, PostedEntries, PostedEntry } from './answers.ts';

const entryId = '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42';
const recordedAt = '2026-03-01T09:30:00.000Z';
const figures = { onHand: 117, reserved: 0, available: 117, version: 4 };
const place = { sku: 'TEA-EARL-GREY', location: 'LONDON', lot: null };

const line = { movementId: `${entryId}.1`, ...place, quantity: 12 };
const head = { entryId, kind: 'receipt', reference: 'PO-1001', occurredAt: recordedAt, recordedAt };
/** A posting as it is answered. */
export const posted = { ...head, reverses: null, lines: [{ ...line, balance: figures }] };
const entry = {
  ...head,
  actor: 'key:0aQ3xVb7LmTz',
  metadata: {},
  reverses: null,
  reversedBy: null,
  lines: [line],
};

export const ledgerRoutes: Readonly<Record<string, RouteDocumentation>> = {
  'POST /v1/movements': {
    id: 'postEntry',
    summary: 'Posts an entry: all of its lines or none',
    description: [
      'Quantities are signed: `receipt` and `return` add, `issue` takes, `adjustment` and `opening` do either, and the lines of a `transfer` sum to zero per item and lot.',
      '`occurredAt` is when it took effect, by default now: not before 1900, and at most a minute ahead.',
      '`available` may not go below zero unless the item allows it; lines of one item, location and lot count together. `expectedVersion` makes a line conditional on the `version` of its balance.',
      'With `dryRun: true` everything is checked and nothing is posted: the answer, with status 200, is what would have been posted.',
    ].join('\n\n'),
    answer: PostedEntry,
    statuses: [201, 200],
    problems: ['invalid_input', 'insufficient_stock', 'stale_balance', 'quantity_out_of_range'],
    example: {
      body: {
        kind: 'receipt',
        reference: 'PO-1001',
        lines: [{ sku: place.sku, location: place.location, quantity: 12 }],
      },
      answer: posted,
    },
  },
  'GET /v1/movements': {
    id: 'listMovements',
    summary: 'Lists movements, the newest entry first',
    answer: listOf(Movement),
    example: { query: { sku: place.sku }, answer: { data: [{ ...head, ...line }], nextCursor: null } },
  },
  'POST /v1/movements:batch': {
    id: 'postEntries',
    summary: 'Posts up to 1,000 entries in one transaction',
    description: [
      'Entries are posted in their order: each meets the balances that those before it left. At most 5,000 lines together.',
      'With the mode `atomic`, all of them or none: the refusal names the first entry that is refused, in `entry` and in the names of the fields. With `each`, those that are not refused: the others have a `problem` in their place. An entry whose form is wrong refuses the whole batch.',
    ].join('\n\n'),
    answer: PostedEntries,
    problems: ['invalid_input', 'insufficient_stock', 'stale_balance', 'quantity_out_of_range'],
    example: {
      body: {
        mode: 'each',
        entries: [
          {
            kind: 'receipt',
            reference: 'PO-1001',
            lines: [{ sku: place.sku, location: place.location, quantity: 12 }],
          },
        ],
      },
      answer: { posted: 1, refused: 0, results: [{ entry: posted }] },
    },
  },
  'POST /v1/transfers': {
    id: 'postTransfer',
    summary: 'Moves stock from one location to another',
    description: [
      'Each line becomes two movements of one entry. `expectedVersion` makes a line conditional on the `version` of the balance that it takes from.',
      'With `dryRun: true` everything is checked and nothing is posted: the answer, with status 200, is what would have been posted.',
    ].join('\n\n'),
    answer: PostedEntry,
    statuses: [201, 200],
    problems: ['invalid_input', 'insufficient_stock', 'stale_balance', 'quantity_out_of_range'],
    example: {
      body: { from: 'LONDON', to: 'CAMDEN', reference: 'TR-17', lines: [{ sku: place.sku, quantity: 24 }] },
    },
  },
  'GET /v1/entries/{id}': {
    id: 'getEntry',
    summary: 'Shows an entry',
    answer: Entry,
    example: { path: { id: entryId }, answer: entry },
  },
  'POST /v1/entries/{id}/reversal': {
    id: 'reverseEntry',
    summary: 'Posts the opposite of an entry, once',
    description: 'The ledger is append-only: an entry with the opposite quantities corrects a mistake.',
    answer: PostedEntry,
    problems: ['already_reversed', 'not_reversible', 'insufficient_stock', 'quantity_out_of_range'],
    example: { path: { id: entryId }, body: { reference: 'PO-1001 was not ours' } },
  },
  'GET /v1/balances': {
    id: 'listBalances',
    summary: 'Lists balances, by SKU, location and lot',
    description:
      'With `asOf`, the balances at that instant, computed from the nearest seal and the movements since.',
    answer: Balances,
    problems: ['history_too_long'],
    example: {
      query: { location: 'LONDON' },
      answer: { data: [{ ...place, ...figures }], nextCursor: null },
    },
  },
  'GET /v1/items/{sku}/balance': {
    id: 'getItemBalance',
    summary: 'Shows the stock of an item: in total, and per location and lot',
    answer: ItemBalance,
    problems: ['history_too_long'],
    example: {
      path: { sku: place.sku },
      answer: {
        sku: place.sku,
        onHand: 117,
        reserved: 0,
        available: 117,
        locations: [{ location: 'LONDON', lot: null, ...figures }],
      },
    },
  },
};
