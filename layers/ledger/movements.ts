import * as z from 'zod';
import { Instant } from '#platform/instant.ts';
import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { queryInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { type EntryKind, type EntryLine, entryKinds } from './entries.ts';
import { ExistingCode } from './input.ts';
import { refuseMalformed } from './name-faults.ts';
import { pageOfAll } from './pages/movements-of-all.ts';
import { pageOfKey } from './pages/movements-of-key.ts';
import { type KindPage, pageOfKind } from './pages/movements-of-kind.ts';
import type { Statement } from './pages/statement.ts';

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
  { kind, ...filter }: z.infer<typeof MovementFilter>,
  page: PageRequest,
): Promise<Page<ListedMovement>> {
  const isOfKey = filter.sku !== undefined || filter.location !== undefined;
  const statement =
    isOfKey && kind !== undefined
      ? shownUpTo(pageOfKind({ kind, ...filter }, page))
      : shown(isOfKey ? pageOfKey(filter, page) : pageOfAll({ kind, ...filter }, page));
  const rows = await queryInTenant<Row>(tenant, 'read', ...statement);
  const found = rows.filter((row) => row.movementId !== null);
  const reached = rows.find((row) => row.movementId === null);
  if (rows.length === 0) refuseMalformed({ sku: filter.sku, location: filter.location });
  const { rows: listed, next } = toPage(found, page.limit, (last) => [last.entryId, String(last.line)]);
  return {
    rows: listed.map(({ line: _, ...movement }) => movement as ListedMovement),
    next: next ?? (reached && [reached.entryId, String(reached.line)]),
  };
}

type Row = (ListedMovement | { readonly movementId: null; readonly entryId: string }) & {
  readonly line: number;
};

/** What a page of movements refers to is looked up by its key, movement by movement. */
const columns = `
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

/** Shows a page of movements. */
function shown([page, values]: Statement): Statement {
  return [`with page as materialized (${page}) select ${columns}`, values];
}

/** Shows a page of movements, and the line at which it ended when it is not full: a row without a movement. */
function shownUpTo({ tables, values }: KindPage): Statement {
  return [
    `with ${tables}
     (select ${columns})
     union all
     select null, entry_id, line, null, null, null, null, null, null, null, null from reached`,
    values,
  ];
}
