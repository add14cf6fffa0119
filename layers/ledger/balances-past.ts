import type { TenantTransaction } from '#tenancy/scope.ts';

/** What an answer about the past says of itself. */
export interface PastAnswer {
  readonly asOf: string;
  readonly basis: 'recorded' | 'effective';
  /** Whether a seal vouches for the history behind this answer: it will never be another. */
  readonly sealed: boolean;
}

export type PastRequest = Pick<PastAnswer, 'asOf' | 'basis'>;

/**
 * Balances as they were, as a table `b`; `$1` is the instant.
 *
 * By the time of recording: what the nearest seal closed with, and the movements behind it. Entry ids and times of
 * recording are drawn at different moments of a posting, so neither follows from the other. Hence two limits that do not
 * ask which came first:
 * - The nearest seal is the last one of which, and of all before it, nothing was recorded after the instant
 *   (`recorded_through`): what it closed with counts wholly.
 * - Nothing that was recorded at the instant or before comes behind the first seal that says so (`settled_through`), which
 *   the database has refused ever since that boundary was drawn: behind it nobody need look.
 * In between each movement is asked when it was recorded.
 *
 * By the time of effect no seal helps: a movement may take effect long before it is recorded.
 */
export function balancesThen(basis: PastRequest['basis']): string {
  if (basis === 'effective') {
    return `(
      select org_id, item_id, location_id, lot, sum(quantity) as on_hand, count(*) as version
      from inventory.movements
      where occurred_at <= $1
      group by org_id, item_id, location_id, lot
    ) b`;
  }
  return `(
    select
      key.org_id, key.item_id, key.location_id, key.lot,
      coalesce(closing.on_hand, 0) + coalesce(tail.on_hand, 0) as on_hand,
      coalesce(closing.version, 0) + tail.version as version
    from inventory.balances key
    left join lateral (
      select c.on_hand, c.version
      from inventory.seal_closings c
      where c.org_id = key.org_id
        and c.item_id = key.item_id
        and c.location_id = key.location_id
        and c.lot = key.lot
        and c.seq <= (select seq from inventory.seals where recorded_through <= $1 order by seq desc limit 1)
      order by c.seq desc
      limit 1
    ) closing on true
    cross join lateral (
      select sum(m.quantity) as on_hand, count(*) as version
      from inventory.movements m
      where m.org_id = key.org_id
        and m.item_id = key.item_id
        and m.location_id = key.location_id
        and m.lot = key.lot
        and m.entry_id > coalesce(
          (select boundary from inventory.seals where recorded_through <= $1 order by seq desc limit 1),
          '00000000-0000-0000-0000-000000000000'
        )
        and m.entry_id <= coalesce(
          (select boundary from inventory.seals where settled_through >= $1 order by seq limit 1),
          'ffffffff-ffff-ffff-ffff-ffffffffffff'
        )
        and m.recorded_at <= $1
    ) tail
    where coalesce(closing.version, 0) + tail.version > 0
  ) b`;
}

/** To be asked before the figures: what was settled before them is settled for them. */
export async function pastAnswer(tx: TenantTransaction, { asOf, basis }: PastRequest): Promise<PastAnswer> {
  if (basis === 'effective') return { asOf, basis, sealed: false };
  const [settled] = await tx.query('select from inventory.seals where settled_through >= $1 limit 1', [asOf]);
  return { asOf, basis, sealed: settled !== undefined };
}
