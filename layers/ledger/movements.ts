import * as z from 'zod';
import { Instant } from '#platform/instant.ts';
import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { listInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { refuseMalformed } from './codes/name-faults.ts';
import { type EntryKind, type EntryLine, entryKinds } from './entries.ts';
import { ExistingCode } from './input.ts';

export interface ListedMovement extends EntryLine {
  readonly entryId: string;
  readonly kind: EntryKind;
  readonly reference: string | null;
  readonly occurredAt: string;
  readonly recordedAt: string;
}

/** `since` (inclusive) and `until` (exclusive) are times of recording. The list has the same order. */
export const MovementFilter = z.object({
  sku: ExistingCode.optional(),
  location: ExistingCode.optional(),
  kind: z.enum(entryKinds).optional(),
  since: Instant.optional(),
  until: Instant.optional(),
});

/**
 * The movements that match the filter: what was recorded last comes first, the lines of an entry in their order. A page is
 * read from an index that has its order, so that it costs the same however many movements there are. Of a kind together with
 * an item or a location, a page may have fewer rows than asked for although the list goes on.
 */
export async function listMovements(
  tenant: Tenant,
  { sku, location, kind, since, until }: z.infer<typeof MovementFilter>,
  { limit, after }: PageRequest,
): Promise<Page<ListedMovement>> {
  const [afterId, afterLine] = after ?? [];
  const filters = [afterId, afterLine, sku, location, kind, since, until].map((value) => value ?? null);
  const rows = await listInTenant<Row>(tenant, 'inventory.list_movements', [limit + 1, ...filters], {
    rows: limit,
  });
  if (rows.length === 0) refuseMalformed({ sku, location });
  const found = rows.filter((row) => row.movementId !== null);
  // The line at which a page ended that is not full.
  const reached = rows.find((row) => row.movementId === null);
  const { rows: listed, next } = toPage(found, limit, (last) => [last.entryId, String(last.line)]);
  return {
    rows: listed.map(({ line: _, ...movement }) => movement as ListedMovement),
    next: next ?? (reached && [reached.entryId, String(reached.line)]),
  };
}

type Row = (ListedMovement | { readonly movementId: null; readonly entryId: string }) & {
  readonly line: number;
};
