import { pathOf } from './operations/draw.ts';
import type { Play } from './play.ts';
import type { Side } from './side.ts';

const wholeList = { limit: 200 };

/** Cheap enough to be asked after every write: what there is. */
export async function balancesAgree(play: Play, side: Side): Promise<void> {
  await play.check(side, pathOf(['balances'], wholeList));
}

/** How many of the instants and entries of a sequence are asked for one by one. */
const most = 3;

/** Everything that either organization can read is what the model says. */
export async function everythingAgrees(play: Play): Promise<void> {
  await Promise.all(play.sides.map((side) => allOfOneAgrees(play, side)));
}

async function allOfOneAgrees(play: Play, side: Side): Promise<void> {
  const { items, entries } = side.ledger;
  const paths = ['items', 'locations', 'balances', 'movements', 'reservations'].map((list) =>
    pathOf([list], wholeList),
  );
  for (const { sku } of items) paths.push(pathOf(['items', sku, 'balance']));
  for (const { id } of spread(side.ledger.reservations)) paths.push(pathOf(['reservations', id]));
  for (const { id, recordedAt, occurredAt } of spread(entries)) {
    paths.push(pathOf(['entries', id]));
    paths.push(pathOf(['balances'], { asOf: recordedAt, basis: 'recorded', ...wholeList }));
    paths.push(pathOf(['balances'], { asOf: occurredAt, basis: 'effective', ...wholeList }));
  }
  await Promise.all([
    ...paths.map((path) => play.check(side, path)),
    walk(play, side, pathOf(['movements'], { limit: 7 })),
    walk(play, side, pathOf(['balances'], { limit: 3 })),
    walk(play, side, pathOf(['reservations'], { limit: 2 })),
  ]);
}

/** Follows the cursors of a list to its end. */
async function walk(play: Play, side: Side, path: string): Promise<void> {
  let { body } = await play.check(side, path);
  while (body.nextCursor !== null)
    body = (await play.check(side, `${path}&cursor=${encodeURIComponent(body.nextCursor)}`)).body;
}

/** The first, the last and some between. */
function spread<T>(list: readonly T[]): T[] {
  if (list.length <= most) return [...list];
  return Array.from({ length: most }, (_, n) => list[Math.round((n * (list.length - 1)) / (most - 1))] as T);
}
