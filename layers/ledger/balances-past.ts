import type { TenantTransaction } from '#tenancy/scope.ts';

/** The properties of an answer about the past. */
export interface PastAnswer {
  readonly asOf: string;
  readonly basis: 'recorded' | 'effective';
  /** Whether the history of this answer is sealed. Then the answer never changes. */
  readonly sealed: boolean;
}

export type PastRequest = Pick<PastAnswer, 'asOf' | 'basis'>;

/**
 * Balances at an instant, as a table `b`; `$1` is the instant.
 *
 * By the time of recording: the balances in the nearest seal, plus the movements after it. A posting draws its entry id and
 * its time of recording at different moments, so their orders may differ. That is why there are two limits:
 * - The nearest seal is the last seal that, like all seals before it, contains nothing recorded after the instant
 *   (`recorded_through`). All of it counts.
 * - A seal is settled through the instant (`settled_through`) when the database refuses every later entry that would be
 *   recorded at the instant or before it. Movements after the first such seal need not be read.
 * Movements between the two limits are selected by their time of recording.
 *
 * The limits are subselects as a whole: row security keeps a condition with a bare `coalesce` out of the index.
 *
 * By the time of effect, no seal helps: a movement may take effect long before it is recorded.
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
        and m.entry_id > (
          select coalesce(
            (select boundary from inventory.seals where recorded_through <= $1 order by seq desc limit 1),
            '00000000-0000-0000-0000-000000000000'
          )
        )
        and m.entry_id <= (
          select coalesce(
            (select boundary from inventory.seals where settled_through >= $1 order by seq limit 1),
            'ffffffff-ffff-ffff-ffff-ffffffffffff'
          )
        )
        and m.recorded_at <= $1
    ) tail
    where coalesce(closing.version, 0) + tail.version > 0
  ) b`;
}

/** Call this before reading the figures: a seal that exists now also covers figures that are read later. */
export async function pastAnswer(tx: TenantTransaction, { asOf, basis }: PastRequest): Promise<PastAnswer> {
  if (basis === 'effective') return { asOf, basis, sealed: false };
  // No seal is settled through an earlier instant than those before it.
  const [newest] = await tx.query<{ sealed: boolean | null }>(
    'select settled_through >= $1 as sealed from inventory.seals order by seq desc limit 1',
    [asOf],
  );
  return { asOf, basis, sealed: newest?.sealed ?? false };
}
