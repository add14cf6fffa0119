import * as z from 'zod';
import { NotFound } from '#platform/errors.ts';
import { Instant } from '#platform/instant.ts';
import type { Page, PageRequest } from '#platform/page.ts';
import { callInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { explainNames, refuseMalformed } from './codes/name-faults.ts';
import { lines, type PostedEntry } from './entries.ts';
import { ExistingCode, Lot, PositiveQuantity, Reference } from './input.ts';
import { Metadata } from './metadata.ts';

const states = ['open', 'committed', 'released', 'expired'] as const;

/** Of `quantity`, what was asked for, as much was never available as is neither held, committed nor released. */
export interface ReservationLine {
  readonly sku: string;
  readonly location: string;
  readonly lot: string | null;
  readonly quantity: number;
  readonly held: number;
  readonly committed: number;
  readonly released: number;
}

export interface Reservation {
  readonly id: string;
  /** `expired` from `expiresAt` on, whether or not anything has been written since. */
  readonly state: (typeof states)[number];
  readonly reference: string | null;
  /** Null: it never expires. */
  readonly expiresAt: string | null;
  readonly createdAt: string;
  readonly closedAt: string | null;
  readonly actor: string;
  readonly metadata: unknown;
  /** The issues that it was committed with. */
  readonly entries: readonly string[];
  readonly lines: readonly ReservationLine[];
}

export type CommittedReservation = Reservation & { readonly entry: PostedEntry };

const Lines = lines(
  z.strictObject({ sku: ExistingCode, location: ExistingCode, lot: Lot, quantity: PositiveQuantity }),
);

export const Reserve = z.strictObject({
  reference: Reference.optional(),
  expiresAt: Instant.nullish(),
  metadata: Metadata.optional(),
  /** Holds what is available of each line, instead of all lines or nothing. */
  partial: z.boolean({ error: 'must be true or false' }).optional(),
  lines: Lines,
});

export const ExtendReservation = z.strictObject({ expiresAt: Instant.nullable() });

export const CommitReservation = z.strictObject({
  reference: Reference.optional(),
  occurredAt: Instant.optional(),
  metadata: Metadata.optional(),
  lines: Lines.optional(),
});

export const ReleaseReservation = z.strictObject({ lines: Lines.optional() });

export const ReservationFilter = z.object({
  sku: ExistingCode.optional(),
  location: ExistingCode.optional(),
  reference: Reference.optional(),
  state: z.enum(states).optional(),
});

/**
 * Holds stock until it is committed, released, or `expiresAt`: all of the lines or nothing, with `partial` as much of each as
 * is available. Quantities are greater than zero, in the item's own unit, at most four decimals.
 * @throws insufficient_stock when lines ask for more than is available, or nothing at all of a partial one is
 * @throws invalid_input (422) when a line names an item, location or lot that does not exist or does not fit, or when
 *   `expiresAt` is not in the future; 400 when no code has the form of a name
 */
export function reserve(tenant: Tenant, reservation: z.infer<typeof Reserve>): Promise<Reservation> {
  return changing(tenant, 'inventory.reserve', [reservation], reservation.lines);
}

/**
 * Sets when a reservation expires: later, earlier, or with null never.
 * @throws not_found, reservation_closed; invalid_input (422) when `expiresAt` is not in the future
 */
export function extendReservation(
  tenant: Tenant,
  id: string,
  { expiresAt }: z.infer<typeof ExtendReservation>,
): Promise<Reservation> {
  return callInTenant<Reservation>(tenant, 'write', 'inventory.extend_reservation', [id, expiresAt]);
}

/**
 * Issues what a reservation holds, all of it or the given lines, and answers the entry too. Lines of one item, location and lot
 * are taken from in their order.
 * @throws not_found; reservation_closed when it is not open any more; exceeds_reservation when it does not hold that much
 * @throws insufficient_stock when the stock is not there, as after its item stopped being one that may go below zero
 */
export async function commitReservation(
  tenant: Tenant,
  id: string,
  commit: z.infer<typeof CommitReservation>,
): Promise<CommittedReservation> {
  const { reservation, entry } = await changing<{
    readonly reservation: Reservation;
    readonly entry: PostedEntry;
  }>(tenant, 'inventory.commit_reservation', [id, commit], commit.lines);
  return { ...reservation, entry };
}

/**
 * Gives back what a reservation holds: all of it or the given lines.
 * @throws not_found; reservation_closed when it is not open any more; exceeds_reservation when it does not hold that much
 */
export function releaseReservation(
  tenant: Tenant,
  id: string,
  release: z.infer<typeof ReleaseReservation>,
): Promise<Reservation> {
  const given = release.lines ? JSON.stringify(release.lines) : null;
  return changing(tenant, 'inventory.release_reservation', [id, given], release.lines);
}

/** @throws not_found when this organization has no such reservation */
export async function getReservation(tenant: Tenant, id: string): Promise<Reservation> {
  const reservation = await callInTenant<Reservation | null>(tenant, 'read', 'inventory.get_reservation', [
    id,
  ]);
  if (!reservation) throw new NotFound(`reservation ${id}`);
  return reservation;
}

/**
 * The reservations that match the filter, the newest first; with `sku` and `location`, those with a line of both. A page may have
 * fewer rows than asked for although the list goes on: together they have at most a thousand lines.
 */
export async function listReservations(
  tenant: Tenant,
  { sku, location, reference, state }: z.infer<typeof ReservationFilter>,
  { limit, after }: PageRequest,
): Promise<Page<Reservation>> {
  const filter = [sku, location, reference, state].map((value) => value ?? null);
  const { rows, next } = await callInTenant<{
    readonly rows: readonly Reservation[];
    readonly next: string | null;
  }>(tenant, 'read', 'inventory.list_reservations', [limit, after?.[0] ?? null, ...filter], { rows: limit });
  if (rows.length === 0) refuseMalformed({ sku, location });
  return { rows, next: next === null ? undefined : [next] };
}

/** Calls a function that takes lines: what it refuses about their names is explained. */
async function changing<Answer>(
  tenant: Tenant,
  functionName: `inventory.${string}`,
  args: readonly unknown[],
  given: z.infer<typeof Lines> = [],
): Promise<Answer> {
  try {
    const extent = { rows: Math.max(given.length, 1) };
    return await callInTenant<Answer>(tenant, 'write', functionName, args, extent);
  } catch (error) {
    throw explainNames(error, given);
  }
}
