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

/**
 * The movements that match the filter: what was recorded last comes first, the lines of an entry in their order. A page is
 * read from an index that has its order, so that it costs the same however many movements there are.
 */
export async function listMovements(
  tenant: Tenant,
  filter: z.infer<typeof MovementFilter>,
  page: PageRequest,
): Promise<Page<ListedMovement>> {
  const isOfKey = filter.sku !== undefined || filter.location !== undefined;
  const rows = await queryInTenant<ListedMovement & { line: number }>(
    tenant,
    'read',
    ...(isOfKey ? ofKey(filter, page) : ofAll(filter, page)),
  );
  if (rows.length === 0) refuseMalformed({ sku: filter.sku, location: filter.location });
  const { rows: shown, next } = toPage(rows, page.limit, (last) => [last.entryId, String(last.line)]);
  return { rows: shown.map(({ line: _, ...movement }) => movement), next };
}

type Statement = [text: string, values: readonly unknown[]];

/** The movements of an item, at a location, or both. */
function ofKey(filter: z.infer<typeof MovementFilter>, { limit, after }: PageRequest): Statement {
  const values: unknown[] = [limit + 1];
  const value = (given: unknown) => `$${values.push(given)}`;
  const conditions = recorded('m', 'm.entry_id', filter, after, value);
  if (filter.sku !== undefined)
    conditions.push(`m.item_id = (select inventory.find_item(${value(filter.sku)}))`);
  if (filter.location !== undefined)
    conditions.push(`m.location_id = (select inventory.find_location(${value(filter.location)}))`);
  // One movement after the other, and only until the page is full.
  if (filter.kind !== undefined)
    conditions.push(
      `(select e.kind from inventory.entries e where e.org_id = m.org_id and e.id = m.entry_id) = ${value(filter.kind)}`,
    );
  if (after) conditions.push(linesAfter('m.entry_id', after, value));
  return [
    shown(`select m.*
      from inventory.movements m
      where ${conditions.join(' and ')}
      order by m.recorded_at desc, m.entry_id desc, m.line
      limit $1`),
    values,
  ];
}

/** The movements of all items and locations: those of as many entries as a page can need. */
function ofAll(filter: z.infer<typeof MovementFilter>, { limit, after }: PageRequest): Statement {
  const values: unknown[] = [limit + 1];
  const value = (given: unknown) => `$${values.push(given)}`;
  const conditions = recorded('e', 'e.id', filter, after, value);
  if (filter.kind !== undefined) conditions.push(`e.kind = ${value(filter.kind)}`);
  const lines = after ? `and ${linesAfter('e.id', after, value)}` : '';
  return [
    shown(`select m.*
      from (
        select e.org_id, e.id, e.recorded_at
        from inventory.entries e
        where ${conditions.join(' and ')}
          and exists (
            select from inventory.movements m where m.org_id = e.org_id and m.entry_id = e.id ${lines} offset 0
          )
        order by e.recorded_at desc, e.id desc
        limit $1
      ) e
      cross join lateral (
        select m.*
        from inventory.movements m
        where m.org_id = e.org_id and m.entry_id = e.id ${lines}
        order by m.line
        limit $1
      ) m
      order by e.recorded_at desc, e.id desc, m.line
      limit $1`),
    values,
  ];
}

/** The conditions on the time of recording, with the place where the page begins. */
function recorded(
  table: string,
  entryId: string,
  { since, until }: z.infer<typeof MovementFilter>,
  after: PageRequest['after'],
  value: (given: unknown) => string,
): string[] {
  const conditions = ['true'];
  if (since !== undefined) conditions.push(`${table}.recorded_at >= ${value(since)}`);
  if (until !== undefined) conditions.push(`${table}.recorded_at < ${value(until)}`);
  if (after) {
    const last = value(after[0]);
    conditions.push(
      `(${table}.recorded_at, ${entryId})
         <= ((select e.recorded_at from inventory.entries e where e.id = ${last}::uuid), ${last}::uuid)`,
    );
  }
  return conditions;
}

/** Of the entry in which the previous page ended, the lines that it has not shown. */
function linesAfter(
  entryId: string,
  [id, line]: readonly string[],
  value: (given: unknown) => string,
): string {
  return `(${entryId} <> ${value(id)}::uuid or m.line > ${value(line)}::int)`;
}

/** Shows a page of movements. What they refer to is looked up by its key, movement by movement. */
function shown(page: string): string {
  return `with page as materialized (${page})
    select
      m.entry_id || '.' || m.line as "movementId", m.entry_id as "entryId", m.line, e.kind, e.reference,
      (select i.sku from inventory.items i where i.org_id = m.org_id and i.id = m.item_id) as sku,
      (select l.code from inventory.locations l where l.org_id = m.org_id and l.id = m.location_id) as location,
      nullif(m.lot, '') as lot, m.quantity,
      inventory.iso(m.occurred_at) as "occurredAt", inventory.iso(m.recorded_at) as "recordedAt"
    from page m
    cross join lateral (
      select e.kind, e.reference from inventory.entries e where e.org_id = m.org_id and e.id = m.entry_id offset 0
    ) e
    order by m.recorded_at desc, m.entry_id desc, m.line`;
}
