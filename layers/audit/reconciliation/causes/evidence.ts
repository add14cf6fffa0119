import type { Difference, Figures } from '../discrepancy.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Window } from '../triggers.ts';

/** A movement, as people see it. */
export interface MovementMark {
  readonly movementId: string;
  readonly recordedAt: string;
}

/** A number of movements and their sum. */
export interface Tally {
  readonly onHand: number;
  readonly version: number;
}

/** All facts about one balance that can show a cause, from one snapshot. */
export interface Evidence extends Difference {
  readonly number: number;
  /** The sum in the last seal that contains this balance. Undefined when no seal does. */
  readonly closing: Tally | undefined;
  /** The current sum of its movements up to the boundary of the last seal. */
  readonly sealed: Tally;
  /** Whether it has moved since it was both sealed and found right. */
  readonly hasMovedSince: boolean;
  /** When its item was created. It cannot have moved before. Undefined when there is no such item. */
  readonly itemMadeAt: Date | undefined;
  /** If the stored figures equal the sum of its first movements: the last of these, and the first one after them. */
  readonly prefix:
    | { readonly last: MovementMark | null; readonly firstDivergent: MovementMark | null }
    | undefined;
  /**
   * Whether an unfinished backfill may not have reached it: the balance comes after the last one that was rebuilt, no run
   * has found it right since, and it contains only its newest movements, like a balance that the trigger started.
   */
  readonly awaitsBackfill: boolean;
  /** For each requested window: the sum of the movements recorded in it, and the first of them. */
  readonly windows: readonly (Tally & { readonly first: MovementMark | undefined })[];
}

/** How many balances one statement examines. */
const keysPerStatement = 100;

/** An id that sorts before every other. */
const beforeAll = '00000000-0000-0000-0000-000000000000';

/** The points in history that the evidence is collected for. */
export interface EvidenceBasis {
  /** The boundary of the last seal. Undefined before the first seal. */
  readonly boundary: string | undefined;
  /** The entry up to which balances were found right and history is sealed. */
  readonly vouched: string | undefined;
  /** The times to add up movements for. */
  readonly windows: readonly Window[];
}

/** Collects the evidence about balances that differ. */
export async function gatherEvidence(
  snapshot: Snapshot,
  orgId: string,
  found: readonly (Difference & { readonly number: number })[],
  { boundary, vouched, windows }: EvidenceBasis,
): Promise<Evidence[]> {
  const gathered: Evidence[] = [];
  for (let start = 0; start < found.length; start += keysPerStatement) {
    const part = found.slice(start, start + keysPerStatement);
    const rows = await snapshot.query<EvidenceRow>(statement, [
      orgId,
      part.map(({ item }) => item),
      part.map(({ location }) => location),
      part.map(({ lot }) => lot),
      boundary ?? beforeAll,
      windows.map(({ from }) => from),
      windows.map(({ until }) => until ?? null),
      vouched ?? beforeAll,
    ]);
    gathered.push(
      ...rows.map(({ evidence, n }) => {
        const { itemMadeAt, ...rest } = evidence;
        const difference = part[n - 1] as Difference & { number: number };
        return {
          ...difference,
          stored: rest.stored ?? undefined,
          computed: rest.computed,
          closing: rest.closing ?? undefined,
          sealed: rest.sealed,
          hasMovedSince: rest.hasMovedSince,
          awaitsBackfill: rest.awaitsBackfill,
          itemMadeAt: itemMadeAt ? new Date(itemMadeAt) : undefined,
          prefix: rest.isPrefix ? { last: rest.last, firstDivergent: rest.firstDivergent } : undefined,
          windows: rest.windows.map((each) => ({ ...each, first: each.first ?? undefined })),
        };
      }),
    );
  }
  return gathered;
}

interface EvidenceRow {
  readonly n: number;
  readonly evidence: {
    readonly stored: Figures | null;
    readonly computed: Figures;
    readonly closing: Tally | null;
    readonly sealed: Tally;
    readonly hasMovedSince: boolean;
    readonly itemMadeAt: string | null;
    readonly isPrefix: boolean;
    readonly awaitsBackfill: boolean;
    readonly last: MovementMark | null;
    readonly firstDivergent: MovementMark | null;
    readonly windows: readonly (Tally & { readonly first: MovementMark | null })[];
  };
}

/** An entry that has fewer lines than it was posted with. */
export interface IncompleteEntry {
  readonly id: string;
  readonly kind: string;
  /** The number of lines that are known to be lost. For an entry without lines it is 1. */
  readonly lost: number;
}

/**
 * Entries after the boundary with fewer lines than they were posted with. It can be seen because lines are numbered from 1
 * without gaps, and because an entry without lines cannot be posted.
 */
export async function incompleteEntries(
  snapshot: Snapshot,
  orgId: string,
  boundary: string | undefined,
): Promise<IncompleteEntry[]> {
  return await snapshot.query<IncompleteEntry>(
    `select e.id, e.kind, coalesce(max(m.line) - count(m.line), 1)::float8 as lost
     from inventory.entries e
     left join inventory.movements m on m.org_id = $1 and m.entry_id = e.id
     where e.org_id = $1 and e.id > $2
     group by e.id, e.kind
     having count(m.line) = 0 or max(m.line) > count(m.line)
     order by e.id
     limit 100`,
    [orgId, boundary ?? beforeAll],
  );
}

/** The time at which an id was drawn, in SQL. */
const drawnAt = (id: string) =>
  `to_timestamp(('x' || left(replace(${id}::text, '-', ''), 12))::bit(48)::bigint / 1000.0)`;

/**
 * The time in a movement's id decides its window: the id is drawn during the posting, but its writer supplies recorded_at.
 */
const statement = `
  select k.n::int as n, json_build_object(
    'stored', case when b.version is not null then json_build_object(
      'onHand', b.on_hand, 'reserved', b.reserved, 'version', b.version) end,
    'computed', json_build_object(
      'onHand', coalesce(h.on_hand, 0), 'reserved', coalesce(r.quantity, 0), 'version', h.version),
    'closing', case when c.version is not null then json_build_object('onHand', c.on_hand, 'version', c.version) end,
    'sealed', json_build_object('onHand', coalesce(h.sealed_on_hand, 0), 'version', h.sealed_version),
    'hasMovedSince', h.moved_since,
    'itemMadeAt', (select i.created_at from inventory.items i where i.org_id = $1 and i.id = k.item_id),
    'isPrefix', coalesce(b.version, 0) < h.version
      and coalesce(b.on_hand, 0) = coalesce(p.running, 0)
      and (coalesce(b.version, 0) = 0 or p.running is not null),
    'awaitsBackfill', coalesce(b.version, 0) < h.version
      and coalesce(b.on_hand, 0) = coalesce(s.on_hand, 0)
      and exists (
        select
        from inventory.balance_backfills f
        where f.org_id = $1 and f.finished_at is null and not f.walked
          and (
            f.checkpoint is null
            or (k.item_id, k.location_id, k.lot)
              > ((f.checkpoint ->> 'item')::uuid, (f.checkpoint ->> 'location')::uuid, f.checkpoint ->> 'lot')
          )
          and not exists (
            select
            from inventory.reconciliation_runs r
            where r.org_id = $1 and r.kind = 'full' and r.status = 'finished' and r.found = 0
              and r.started_at >= f.started_at
          )
          -- A movement of that time that was found right took its balance with it.
          and not exists (
            select
            from inventory.movements m
            where m.org_id = $1 and m.item_id = k.item_id and m.location_id = k.location_id and m.lot = k.lot
              and m.entry_id <= $8 and ${drawnAt('m.entry_id')} > f.started_at
          )
      ),
    'last', p.mark,
    'firstDivergent', d.mark,
    'windows', (
      select coalesce(json_agg(json_build_object(
        'onHand', coalesce(t.on_hand, 0), 'version', t.version, 'first', t.first
      ) order by w.i), '[]')
      from unnest($6::timestamptz[], $7::timestamptz[]) with ordinality as w (since, until, i)
      cross join lateral (
        select sum(m.quantity) as on_hand, count(*) as version,
          (array_agg(m.mark order by m.entry_id, m.line))[1] as first
        from (
          select m.*, json_build_object('movementId', m.entry_id || '.' || m.line, 'recordedAt', inventory.iso(m.recorded_at)) as mark,
            ${drawnAt('m.entry_id')} as drawn_at
          from inventory.movements m
          where m.org_id = $1 and m.item_id = k.item_id and m.location_id = k.location_id and m.lot = k.lot
        ) m
        where m.drawn_at >= date_trunc('milliseconds', w.since) and m.drawn_at <= coalesce(w.until, 'infinity')
      ) t
    )
  ) as evidence
  from unnest($2::uuid[], $3::uuid[], $4::text[]) with ordinality as k (item_id, location_id, lot, n)
  left join inventory.balances b
    on b.org_id = $1 and b.item_id = k.item_id and b.location_id = k.location_id and b.lot = k.lot
  left join inventory.held_quantities($1) r
    on r.item_id = k.item_id and r.location_id = k.location_id and r.lot = k.lot
  left join lateral (
    select c.on_hand, c.version
    from inventory.seal_closings c
    where c.org_id = $1 and c.item_id = k.item_id and c.location_id = k.location_id and c.lot = k.lot
    order by c.seq desc
    limit 1
  ) c on true
  cross join lateral (
    select sum(m.quantity) as on_hand, count(*) as version,
      sum(m.quantity) filter (where m.entry_id <= $5) as sealed_on_hand,
      count(*) filter (where m.entry_id <= $5) as sealed_version,
      coalesce(bool_or(m.entry_id > $8), false) as moved_since
    from inventory.movements m
    where m.org_id = $1 and m.item_id = k.item_id and m.location_id = k.location_id and m.lot = k.lot
  ) h
  left join lateral (
    select sum(m.quantity) as running, (array_agg(m.mark order by m.entry_id desc, m.line desc))[1] as mark
    from (
      select m.entry_id, m.line, m.quantity,
        json_build_object('movementId', m.entry_id || '.' || m.line, 'recordedAt', inventory.iso(m.recorded_at)) as mark
      from inventory.movements m
      where m.org_id = $1 and m.item_id = k.item_id and m.location_id = k.location_id and m.lot = k.lot
      order by m.entry_id, m.line
      limit greatest(0, least(coalesce(b.version, 0), h.version))
    ) m
  ) p on true
  left join lateral (
    select sum(m.quantity) as on_hand
    from (
      select m.quantity
      from inventory.movements m
      where m.org_id = $1 and m.item_id = k.item_id and m.location_id = k.location_id and m.lot = k.lot
      order by m.entry_id desc, m.line desc
      limit greatest(0, least(coalesce(b.version, 0), h.version))
    ) m
  ) s on true
  left join lateral (
    select json_build_object('movementId', m.entry_id || '.' || m.line, 'recordedAt', inventory.iso(m.recorded_at)) as mark
    from inventory.movements m
    where m.org_id = $1 and m.item_id = k.item_id and m.location_id = k.location_id and m.lot = k.lot
    order by m.entry_id, m.line
    offset greatest(0, least(coalesce(b.version, 0), h.version))
    limit 1
  ) d on true
  order by k.n`;
