import type { PageRequest } from '#platform/page.ts';
import { linesAfter, newestOf, type Period, startOf } from './movement-range.ts';
import { type Statement, Values } from './statement.ts';

/** The movements of all items and locations: those of as many entries as a page can need. */
export function pageOfAll(
  { kind, ...period }: Period & { readonly kind?: string | undefined },
  { limit, after }: PageRequest,
): Statement {
  const values = new Values();
  const most = values.add(limit + 1);
  const lines = after ? `and ${linesAfter('e.id', after, values)}` : '';
  const entries = newestOf(
    {
      table: 'inventory.entries e',
      key: kind === undefined ? [] : [['kind', values.add(kind)]],
      conditions: [
        `exists (
          select from inventory.movements m where m.org_id = e.org_id and m.entry_id = e.id ${lines} offset 0
        )`,
      ],
      since: period.since,
      start: startOf(period, after, values),
      most,
    },
    values,
  );
  return [
    `select m.*
     from (${entries}) e
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
