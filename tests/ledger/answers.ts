import { expect } from 'vitest';
import { type Refusal, wrongFields } from '#tests/api/problem-document.ts';
import type { Caller } from '#tests/world.ts';

/** What the answers of the ledger look like, whole: compare with `toEqual`. */

export const anEntryId = expect.stringMatching(
  /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
);
export const anInstant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/** A line of an entry, and the balance that the entry left. Nothing is reserved. */
export type PostedLine = readonly [
  sku: string,
  location: string,
  lot: string | null,
  quantity: number,
  onHand: number,
  version: number,
];

/** The answer to a posting. `body` is the answer itself: its id and times are taken from it, after a look at their form. */
export function postedEntry(
  body: { readonly entryId: string; readonly recordedAt: string },
  kind: string,
  lines: readonly PostedLine[],
  more: object = {},
) {
  expect(body).toMatchObject({ entryId: anEntryId, recordedAt: anInstant });
  return {
    entryId: body.entryId,
    kind,
    reference: null,
    occurredAt: body.recordedAt,
    recordedAt: body.recordedAt,
    reverses: null,
    lines: lines.map(([sku, location, lot, quantity, onHand, version], index) => ({
      movementId: `${body.entryId}.${index + 1}`,
      sku,
      location,
      lot,
      quantity,
      balance: { onHand, reserved: 0, available: onHand, version },
    })),
    ...more,
  };
}

/** The messages about fields that name missing things, or that contradict other fields. */
export const doesNotFit = (...errors: readonly (readonly [field: string, message: string])[]): Refusal => ({
  ...wrongFields(...errors),
  status: 422,
  detail: 'The request refers to something that does not exist or does not fit. See "errors".',
});

export const insufficientStock = (lines: readonly object[]): Refusal => ({
  status: 409,
  code: 'insufficient_stock',
  detail: 'There is not enough stock for every line; nothing was posted. See "lines".',
  lines,
});

export const staleBalance = (lines: readonly object[]): Refusal => ({
  status: 409,
  code: 'stale_balance',
  detail:
    'A balance has changed since it was read; nothing was posted. Read it again and retry. See "lines".',
  lines,
});

export const outOfRange: Refusal = {
  status: 422,
  code: 'quantity_out_of_range',
  detail: 'A quantity or balance would exceed fifteen digits, four of them decimals.',
};

let items = 0;

/** Creates an item that no other test knows, so that tests of a file do not meet. */
export async function newItem(tenant: Caller, more: object = {}): Promise<string> {
  items += 1;
  const sku = `ITEM-${String(items).padStart(4, '0')}`;
  await tenant.item(sku, more);
  return sku;
}

/** What an organization has of an item, whole: `[location, lot, onHand, version]` of each balance. */
export async function balancesOf(tenant: Caller, sku: string): Promise<unknown[]> {
  const { body } = await tenant.request('GET', `/v1/balances?sku=${sku}`);
  return body.data.map((row: { location: string; lot: string | null; onHand: number; version: number }) => [
    row.location,
    row.lot,
    row.onHand,
    row.version,
  ]);
}
