import assert from 'node:assert/strict';
import type { Client } from 'pg';
import { drawBoundary } from '#audit/seals/boundary.ts';
import type { Seal } from '#audit/seals/seal.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { pickNewest } from './operations/draw.ts';
import type { SealOperation } from './operations/operations.ts';
import type { Play } from './play.ts';
import type { Side } from './side.ts';

/** Who seals, and who moves the clock. */
export interface Sealers {
  readonly jobs: Client;
  readonly superuser: Client;
}

/**
 * Seals what an organization has posted. The books are settled a minute after an instant, and no sequence takes that
 * long: mostly it is said that the minute is over, so that answers about the past come from seals.
 */
export async function sealSide(
  { jobs, superuser }: Sealers,
  play: Play,
  side: Side,
  { settledBack, mostMovements }: SealOperation,
): Promise<void> {
  const { ledger, caller } = side;
  const before = await sealsOf(side);
  const isNew = ledger.movements().length > totalOf(before);
  let settles = settledBack === undefined ? undefined : pickNewest(ledger.entries, settledBack)?.recordedAt;
  if (settles && ledger.settledThrough && settles < ledger.settledThrough) settles = ledger.settledThrough;
  if (isNew && settles) {
    assert(await drawBoundary(jobs, caller.id), 'nobody writes');
    await superuser.query('update inventory.seal_boundaries set settled_through = $2 where org_id = $1', [
      caller.id,
      settles,
    ]);
  }
  const { seals, reason } = await sealOrganization(jobs, caller.id, { mostMovements });
  play.trace.push(
    `${ledger.name} seals, ${mostMovements} at most, settled through ${settles ?? 'a minute ago'}`,
  );
  assert.deepEqual({ reason, isNew: seals.length > 0 }, { reason: isNew ? undefined : 'nothing-new', isNew });

  const after = await sealsOf(side);
  assert.equal(totalOf(after), ledger.movements().length, 'every movement is in one seal');
  ledger.settledThrough = settledBy(after);
  if (isNew && settles) assert.equal(ledger.settledThrough, settles);
}

/** Seals while others write: what comes too late for this seal is left to the next. */
export async function sealMeanwhile(jobs: Client, side: Side): Promise<void> {
  await sealOrganization(jobs, side.caller.id);
  side.ledger.settledThrough = settledBy(await sealsOf(side));
}

function settledBy(seals: readonly Seal[]): string | null {
  const instants = seals.flatMap(({ settledThrough }) => settledThrough ?? []);
  return instants.sort().at(-1) ?? null;
}

async function sealsOf({ caller }: Side): Promise<Seal[]> {
  const { body } = await caller.request('GET', '/v1/seals?limit=200');
  return body.data;
}

function totalOf(seals: readonly Seal[]): number {
  return seals.reduce((total, { movements }) => total + movements, 0);
}
