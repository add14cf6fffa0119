import type { PageRequest } from '#platform/page.ts';
import { newestOf } from './movement-range.ts';
import { isOfKey, type KeyFilter, keyOf, movementsOfKey } from './movements-of-key.ts';
import { Values } from './statement.ts';

/** How many movements of the key one page looks at, and how many entries with all of their lines. */
const [mostWalked, mostEntries] = [500, 100];

/** More than the lines of any entry. */
const allLines = 999_999_999;

export interface KindPage {
  /** The common table expressions that lead to `page`, and to `reached`: at most one row. */
  readonly tables: string;
  readonly values: readonly unknown[];
}

/**
 * The movements of one kind, of an item, at a location, or both. No index has the kind of a movement, and one would cost every
 * posting. So a page looks at a bounded number of rows, from both sides:
 * - the newest movements of the key, which are enough for a kind that is frequent there;
 * - then the lines of older entries of this kind, which are enough for a kind that is rare.
 * A page that is not full then ends after the last entry that it has looked at, `reached`. Without it, the list is complete.
 */
export function pageOfKind(
  { kind, ...filter }: KeyFilter & { readonly kind: string },
  { limit, after }: PageRequest,
): KindPage {
  const values = new Values();
  const most = values.add(limit + 1);
  const wanted = values.add(kind);
  const walk = movementsOfKey(filter, after, String(mostWalked), values);
  const keyed = keyOf(filter, values);
  const older = newestOf(
    {
      table: 'inventory.entries e',
      key: [['kind', wanted]],
      since: filter.since,
      start: { at: '(select recorded_at from walk_end)', id: '(select entry_id from walk_end)' },
      most: String(mostEntries),
    },
    values,
  );
  return {
    tables: `${keyed},
      walked as materialized (${walk}),
      near as materialized (
        select w.*
        from walked w
        where (select e.kind from inventory.entries e where e.org_id = w.org_id and e.id = w.entry_id) = ${wanted}
        limit ${most}
      ),
      walk_end as materialized (
        select recorded_at, entry_id, line
        from walked
        where (select count(*) from near) < ${most} and (select count(*) from walked) = ${mostWalked}
        order by recorded_at, entry_id, line desc
        limit 1
      ),
      older as materialized (${older}),
      far as materialized (
        select m.*
        from (select * from older order by recorded_at desc, id desc) e
        cross join lateral (
          select m.*
          from inventory.movements m
          where m.org_id = e.org_id
            and m.entry_id = e.id
            and (m.entry_id <> (select entry_id from walk_end) or m.line > (select line from walk_end))
          order by m.line
          offset 0
        ) m
        where ${isOfKey(filter)}
        order by e.recorded_at desc, e.id desc, m.line
        limit ${most}
      ),
      page as materialized (select * from near union all select * from far limit ${most}),
      reached as materialized (
        select id as entry_id, ${allLines} as line
        from older
        where (select count(*) from page) < ${most} and (select count(*) from older) = ${mostEntries}
        order by recorded_at, id
        limit 1
      )`,
    values: values.list,
  };
}
