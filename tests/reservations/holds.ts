import { expect } from 'vitest';
import { anEntryId, anInstant } from '#tests/ledger/answers.ts';
import type { Answer, Caller, World } from '#tests/world.ts';

/** What a test says to reservations, and what their answers look like, whole: compare with `toEqual`. */

export const path = (id: string, action = '') => `/v1/reservations/${id}${action}`;

export function reserve(tenant: Caller, lines: readonly object[], more: object = {}): Promise<Answer> {
  return tenant.request('POST', '/v1/reservations', { lines, ...more });
}

/** Reserves, and answers the id. */
export async function held(tenant: Caller, lines: readonly object[], more: object = {}): Promise<string> {
  const { status, body } = await reserve(tenant, lines, more);
  expect([status, body.code]).toEqual([201, undefined]);
  return body.id;
}

/** Lets the time of a reservation pass, as if it had been made for the past. */
export async function letExpire(world: World, id: string): Promise<void> {
  const superuser = await world.superuser();
  const { rowCount } = await superuser.query(
    "update inventory.reservations set expires_at = now() - interval '1 second' where id = $1",
    [id],
  );
  expect(rowCount).toBe(1);
}

export type Line = readonly [
  sku: string,
  location: string,
  lot: string | null,
  quantity: number,
  held: number,
  committed?: number,
  released?: number,
];

/** The answer about a reservation. */
export function reservation(body: { readonly id: string }, lines: readonly Line[], more: object = {}) {
  return {
    id: body.id,
    state: 'open',
    reference: null,
    expiresAt: null,
    createdAt: anInstant,
    closedAt: null,
    actor: expect.stringMatching(/^key:/),
    metadata: {},
    entries: [],
    lines: lines.map(([sku, location, lot, quantity, heldNow, committed = 0, released = 0]) => ({
      sku,
      location,
      lot,
      quantity,
      held: heldNow,
      committed,
      released,
    })),
    ...more,
  };
}

export const closed = (state: string, more: object = {}) => ({ state, closedAt: anInstant, ...more });

export { anEntryId };

/** `[onHand, reserved, available]` of an item at all places together. */
export async function stock(tenant: Caller, sku: string): Promise<readonly number[]> {
  const { body } = await tenant.request('GET', `/v1/items/${sku}/balance`);
  return [body.onHand, body.reserved, body.available];
}

/** What the balances of an organization have reserved, against what its reservations hold: rows that differ. */
export async function drift(world: World, { id }: Caller): Promise<unknown[]> {
  const superuser = await world.superuser();
  const { rows } = await superuser.query(
    `select b.item_id, b.reserved, h.held
     from inventory.balances b
     full join (
       select item_id, location_id, lot, sum(held) as held
       from inventory.reservation_lines
       where org_id = $1
       group by item_id, location_id, lot
     ) h using (item_id, location_id, lot)
     where b.org_id = $1 and b.reserved is distinct from coalesce(h.held, 0)`,
    [id],
  );
  return rows;
}
