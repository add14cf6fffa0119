import * as z from 'zod';
import { Instant } from '#platform/instant.ts';
import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { queryInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { type EntryKind, type EntryLine, entryKinds } from './entries.ts';
import { ExistingCode } from './input.ts';
import { refuseMalformed } from './name-faults.ts';

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

/** The movements that match the filter: the newest entry first, the lines of an entry in their order. */
export async function listMovements(
  tenant: Tenant,
  filter: z.infer<typeof MovementFilter>,
  { limit, after }: PageRequest,
): Promise<Page<ListedMovement>> {
  const values: unknown[] = [limit + 1];
  const value = (given: unknown) => `$${values.push(given)}`;
  const conditions = ['true'];
  if (filter.sku !== undefined)
    conditions.push(`m.item_id = (select inventory.find_item(${value(filter.sku)}))`);
  if (filter.location !== undefined) {
    conditions.push(`m.location_id = (select inventory.find_location(${value(filter.location)}))`);
  }
  if (filter.kind !== undefined) conditions.push(`e.kind = ${value(filter.kind)}`);
  if (filter.since !== undefined) conditions.push(`m.recorded_at >= ${value(filter.since)}`);
  if (filter.until !== undefined) conditions.push(`m.recorded_at < ${value(filter.until)}`);
  if (after) {
    const [entryId, line] = [value(after[0]), value(after[1])];
    conditions.push(
      `m.entry_id <= ${entryId}::uuid and (m.entry_id < ${entryId}::uuid or m.line > ${line}::int)`,
    );
  }
  const rows = await queryInTenant<ListedMovement & { line: number }>(
    tenant,
    'read',
    `select
       m.entry_id || '.' || m.line as "movementId", m.entry_id as "entryId", m.line,
       e.kind, e.reference, i.sku, l.code as location, nullif(m.lot, '') as lot, m.quantity,
       inventory.iso(m.occurred_at) as "occurredAt", inventory.iso(m.recorded_at) as "recordedAt"
     from inventory.movements m
     join inventory.entries e on e.org_id = m.org_id and e.id = m.entry_id
     join inventory.items i on i.org_id = m.org_id and i.id = m.item_id
     join inventory.locations l on l.org_id = m.org_id and l.id = m.location_id
     where ${conditions.join(' and ')}
     order by m.entry_id desc, m.line
     limit $1`,
    values,
  );
  if (rows.length === 0) refuseMalformed({ sku: filter.sku, location: filter.location });
  const { rows: shown, next } = toPage(rows, limit, (last) => [last.entryId, String(last.line)]);
  return { rows: shown.map(({ line: _, ...movement }) => movement), next };
}
