import type { PageRequest } from '#platform/page.ts';
import { rangeOf } from './movement-range.ts';
import { isOfKey, type KeyFilter, keyOf, movementsOfKey } from './movements-of-key.ts';
import { Values } from './statement.ts';

/** How many movements, and then how many entries, one page looks at. */
const mostLooked = 500;

export interface KindPage {
  /** The common table expressions that lead to `page`, and to `reached`: at most one row. */
  readonly tables: string;
  readonly values: readonly unknown[];
}

/**
 * The movements of one kind, of an item, at a location, or both. No index has the kind of a movement, and one would cost every
 * posting. So a page looks at a bounded number of rows, from both sides:
 * - the newest movements of the key, which are enough for a kind that is frequent there;
 * - then the entries of the kind that are older than these, which are enough for a kind that is rare.
 * A page that is not full then ends at the last entry that it has looked at, `reached`. Without it, the list is complete.
 */
export function pageOfKind(
  { kind, ...filter }: KeyFilter & { readonly kind: string },
  { limit, after }: PageRequest,
): KindPage {
  const values = new Values();
  const most = values.add(limit + 1);
  const wanted = values.add(kind);
  const walk = movementsOfKey(filter, after, String(mostLooked), values);
  const keyed = keyOf(filter, values);
  const { conditions, order } = rangeOf(
    { table: 'e', entryId: 'id', key: ['kind', wanted] },
    { since: filter.since },
    { at: '(select recorded_at from walk_end)', id: '(select entry_id from walk_end)' },
    values,
  );
  const older = `
    from inventory.entries e
    where ${conditions.join(' and ')}
    order by ${order}`;
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
        where (select count(*) from near) < ${most} and (select count(*) from walked) = ${mostLooked}
        order by recorded_at, entry_id, line desc
        limit 1
      ),
      far as materialized (
        select m.*
        from (select e.org_id, e.id, e.recorded_at ${older} limit ${mostLooked}) e
        cross join lateral (
          select m.*
          from inventory.movements m
          where m.org_id = e.org_id
            and m.entry_id = e.id
            and ${isOfKey(filter)}
            and (m.entry_id <> (select entry_id from walk_end) or m.line > (select line from walk_end))
          order by m.line
          offset 0
        ) m
        order by e.recorded_at desc, e.id desc, m.line
        limit ${most}
      ),
      page as materialized (select * from near union all select * from far limit ${most}),
      reached as materialized (
        select e.id ${older}
        offset case when (select count(*) from page) < ${most} then ${mostLooked - 1} end
        limit case when (select count(*) from page) < ${most} then 1 else 0 end
      )`,
    values: values.list,
  };
}
