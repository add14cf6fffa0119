import type { PageRequest } from '#platform/page.ts';
import { linesAfter, type Period, rangeOf, startOf } from './movement-range.ts';
import { type Statement, Values } from './statement.ts';

/** The movements of all items and locations: those of as many entries as a page can need. */
export function pageOfAll(
  { kind, ...period }: Period & { readonly kind?: string | undefined },
  { limit, after }: PageRequest,
): Statement {
  const values = new Values();
  const most = values.add(limit + 1);
  const key = kind === undefined ? undefined : (['kind', values.add(kind)] as const);
  const { conditions, order } = rangeOf(
    { table: 'e', entryId: 'id', key },
    period,
    startOf(after, values),
    values,
  );
  const lines = after ? `and ${linesAfter('e.id', after, values)}` : '';
  return [
    `select m.*
     from (
       select e.org_id, e.id, e.recorded_at
       from inventory.entries e
       where ${[
         ...conditions,
         `exists (
           select from inventory.movements m where m.org_id = e.org_id and m.entry_id = e.id ${lines} offset 0
         )`,
       ].join(' and ')}
       order by ${order}
       limit ${most}
     ) e
     cross join lateral (
       select m.*
       from inventory.movements m
       where m.org_id = e.org_id and m.entry_id = e.id ${lines}
       order by m.line
       limit ${most}
     ) m
     order by e.recorded_at desc, e.id desc, m.line
     limit ${most}`,
    values.list,
  ];
}
