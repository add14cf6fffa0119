import { Problem } from '#platform/errors.ts';
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
 * How many movements one answer may add up: on a small server, about half a second of work.
 */
const mostAddedUp = 500_000;

/**
 * The seals between which the history of an instant `$1` is read. A posting draws its entry id and its time of recording at
 * different moments, so their orders may differ. That is why there are two:
 * - The nearest seal is the last seal that, like all seals before it, contains nothing recorded after the instant
 *   (`recorded_through`). All of it counts.
 * - A seal is settled through the instant (`settled_through`) when the database refuses every later entry that would be
 *   recorded at the instant or before it. Movements after the first such seal need not be read.
 */
const nearestSeal = (column: string) =>
  `select ${column} from inventory.seals where recorded_through <= $1 order by seq desc limit 1`;
const settledSeal = (column: string) =>
  `select ${column} from inventory.seals where settled_through >= $1 order by seq limit 1`;

/** The balance of `key` in a seal. */
const closingIn = (seq: string) => `
  select c.on_hand, c.version
  from inventory.seal_closings c
  where c.org_id = key.org_id
    and c.item_id = key.item_id
    and c.location_id = key.location_id
    and c.lot = key.lot
    and c.seq <= (${seq})
  order by c.seq desc
  limit 1`;

/**
 * Balances at an instant, as a table `b`; `$1` is the instant. Those that had no movement by then are there too, with the
 * version 0: who leaves them out in the query has it look for the next ones through all balances that came later.
 *
 * By the time of recording: the balances in the nearest seal, plus the movements after it. Movements between the two seals
 * are counted by their time of recording, which is no condition of the rows: an index that has it would be read in its place,
 * with the whole history. The limits are subselects as a whole: row security keeps a condition with a bare `coalesce` out of the
 * index.
 *
 * By the time of effect, no seal helps: a movement may take effect long before it is recorded.
 */
export function balancesThen(basis: PastRequest['basis']): string {
  const closing =
    basis === 'recorded' ? `left join lateral (${closingIn(nearestSeal('seq'))}) closing on true` : '';
  const [onHand, version] =
    basis === 'recorded'
      ? [
          'coalesce(closing.on_hand, 0) + coalesce(tail.on_hand, 0)',
          'coalesce(closing.version, 0) + tail.version',
        ]
      : ['coalesce(tail.on_hand, 0)', 'tail.version'];
  const range =
    basis === 'recorded'
      ? `and m.entry_id > (select coalesce((${nearestSeal('boundary')}), '00000000-0000-0000-0000-000000000000'))
        and m.entry_id <= (select coalesce((${settledSeal('boundary')}), 'ffffffff-ffff-ffff-ffff-ffffffffffff'))`
      : '';
  const counted = basis === 'recorded' ? 'm.recorded_at <= $1' : 'm.occurred_at <= $1';
  return `(
    select key.org_id, key.item_id, key.location_id, key.lot, ${onHand} as on_hand, ${version} as version
    from inventory.balances key
    ${closing}
    cross join lateral (
      select
        sum(m.quantity) filter (where ${counted}) as on_hand,
        count(*) filter (where ${counted}) as version
      from inventory.movements m
      where m.org_id = key.org_id
        and m.item_id = key.item_id
        and m.location_id = key.location_id
        and m.lot = key.lot
        ${range}
    ) tail
  ) b`;
}

/** The same balances, each with the number of movements that {@link balancesThen} adds up for it, known from its versions. */
export function historyThen(basis: PastRequest['basis']): string {
  if (basis === 'effective')
    return '(select org_id, item_id, location_id, lot, version as movements from inventory.balances) b';
  return `(
    select
      key.org_id, key.item_id, key.location_id, key.lot,
      case when (${settledSeal('seq')}) is null then key.version else coalesce(settled.version, 0) end
        - coalesce(closing.version, 0) as movements
    from inventory.balances key
    left join lateral (${closingIn(nearestSeal('seq'))}) closing on true
    left join lateral (${closingIn(settledSeal('seq'))}) settled on true
  ) b`;
}

/**
 * Refuses an answer that would add up too many movements, before it is asked for.
 * @throws history_too_long
 */
export function refuseLongHistory(rows: readonly { readonly movements: number | null }[]): void {
  const movements = rows.reduce((sum, row) => sum + Number(row.movements ?? 0), 0);
  if (movements <= mostAddedUp) return;
  throw new Problem(
    'history_too_long',
    422,
    `This answer would add up ${movements} movements, and one adds up at most ${mostAddedUp}. Ask in parts: with "sku" and ` +
      '"location", or with a smaller "limit". With basis=recorded, only the movements since the nearest seal are added up.',
    { extra: { movements } },
  );
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
