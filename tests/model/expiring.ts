import assert from 'node:assert/strict';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { pickNewest } from './operations/draw.ts';
import type { ExpireOperation } from './operations/operations.ts';
import type { Play } from './play.ts';
import { expire } from './routes/reservations.ts';
import type { Sealers } from './sealing.ts';
import type { Side } from './side.ts';

/**
 * Lets the time of an open reservation pass, and now and then closes what has expired, as the daily job does it. That nothing
 * changes by the second shows in what comes after it.
 */
export async function expireSide(
  { jobs, superuser }: Sealers,
  play: Play,
  { ledger, caller }: Side,
  { at, sweeps }: ExpireOperation,
): Promise<void> {
  const open = ledger.reservations.filter(({ state }) => state === 'open');
  const reservation = pickNewest(open, at);
  if (reservation) {
    const past = new Date(Date.now() - 1_000).toISOString();
    const { rowCount } = await superuser.query(
      'update inventory.reservations set expires_at = $2 where id = $1',
      [reservation.id, past],
    );
    assert.equal(rowCount, 1);
    expire(reservation, past);
    play.trace.push(`${ledger.name}: ${reservation.id} expires`);
  }
  if (!sweeps) return;
  const stored = await superuser.query(
    "select from inventory.reservations where org_id = $1 and state = 'open' and expires_at <= now()",
    [caller.id],
  );
  const [closed] = await inOrganizationAsJob<{ count: number }>(jobs, caller.id, 'write', {
    text: 'select inventory.expire_reservations(1000) as count',
  });
  assert.equal(closed?.count, stored.rowCount);
  play.trace.push(`${ledger.name}: ${closed?.count} reservations are closed`);
}
