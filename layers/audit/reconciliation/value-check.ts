import type pg from 'pg';
import type { SealFinding } from './seal-check.ts';
import { inSnapshot } from './snapshot.ts';

/** A run names no more of them: one is enough to stop the sealing. */
const mostNamed = 20;

/**
 * Finds what nobody can post, among the movements since the last seal and their entries: an entry without movements, which no
 * leaf of a seal would cover, and values that the constraints refuse, which somebody wrote after dropping one. Nothing is
 * equal to NaN but NaN itself, so the comparison alone would call them right. A ledger with such a row is not sealed, and
 * only this organization waits.
 */
export async function checkValues(jobs: pg.ClientBase, orgId: string): Promise<SealFinding[]> {
  const rows = await inSnapshot(jobs, orgId, {}, (snapshot) =>
    snapshot.query<{ name: string; field: string | null; value: string | null }>(
      `with since as materialized (
         select coalesce(
           (select boundary from inventory.seals where org_id = $1 order by seq desc limit 1),
           '00000000-0000-0000-0000-000000000000'
         ) as boundary
       )
       (
         select 'movement ' || m.entry_id || '.' || m.line as name, v.field, v.value
         from inventory.movements m
         cross join lateral (
           values
             ('quantity', m.quantity::text, m.quantity <> 'NaN'),
             ('occurred_at', m.occurred_at::text, inventory.is_instant(m.occurred_at)),
             ('recorded_at', m.recorded_at::text, inventory.is_instant(m.recorded_at))
         ) as v (field, value, is_possible)
         where m.org_id = $1 and m.entry_id > (select boundary from since) and not v.is_possible
         limit ${mostNamed}
       )
       union all
       (
         select 'entry ' || e.id, v.field, v.value
         from inventory.entries e
         cross join lateral (
           values
             ('occurred_at', e.occurred_at::text, inventory.is_instant(e.occurred_at)),
             ('recorded_at', e.recorded_at::text, inventory.is_instant(e.recorded_at))
         ) as v (field, value, is_possible)
         where e.org_id = $1 and e.id > (select boundary from since) and not v.is_possible
         limit ${mostNamed}
       )
       union all
       (
         select 'entry ' || e.id, null, null
         from inventory.entries e
         where e.org_id = $1 and e.id > (select boundary from since)
           and not exists (
             select from inventory.movements m where m.org_id = e.org_id and m.entry_id = e.id
           )
         limit ${mostNamed}
       )`,
      [orgId],
    ),
  );
  return rows.map(({ name, field, value }) => ({
    cause: 'impossible_value',
    detail: {
      message: field
        ? `${name} has the ${field} ${value}, which a constraint of the schema refuses: somebody dropped the constraint and wrote it`
        : `${name} has no movements: somebody deleted them, or wrote the entry into the database, because nobody can post one without`,
    },
  }));
}
