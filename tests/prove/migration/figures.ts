import type { Client } from 'pg';
import type { Changes } from './clients.ts';

/** The quantity and the number of movements of each item and location, by `sku at code`. */
export type Figures = ReadonlyMap<string, { readonly quantity: number; readonly movements: number }>;

const bySku = `
  join inventory.items i on i.id = f.item_id
  join inventory.locations l on l.id = f.location_id`;

/** From the movements of the old program. */
export const oldFigures = (superuser: Client): Promise<Figures> =>
  read(
    superuser,
    `select i.sku || ' at ' || l.code as key, f.quantity::float8, f.movements::int
     from (select item_id, location_id, sum(quantity) as quantity, count(*) as movements from inventory.movements group by 1, 2) as f
     ${bySku}`,
  );

/** From the balances after the switch. */
export const newFigures = (superuser: Client): Promise<Figures> =>
  read(
    superuser,
    `select i.sku || ' at ' || l.code as key, f.on_hand::float8 as quantity, f.version::int as movements
     from inventory.balances f ${bySku}`,
  );

/** From the movements after the switch, one line of an entry each. */
export const recountedFigures = oldFigures;

async function read(superuser: Client, statement: string): Promise<Figures> {
  const { rows } = await superuser.query(statement);
  return new Map(rows.map(({ key, quantity, movements }) => [key, { quantity, movements }]));
}

/** What differs from the figures before, plus what the answered requests have changed. Quantities are quarters, so they are exact. */
export function lostOrDoubled(before: Figures, changes: Changes, after: Figures): string[] {
  return [...new Set([...before.keys(), ...changes.keys(), ...after.keys()])].flatMap((key) => {
    const [was, change, is] = [before.get(key), changes.get(key), after.get(key)];
    const quantity = (was?.quantity ?? 0) + (change?.quantity ?? 0);
    const movements = (was?.movements ?? 0) + (change?.movements ?? 0);
    if (quantity === (is?.quantity ?? 0) && movements === (is?.movements ?? 0)) return [];
    return [
      `${key}: ${quantity} in ${movements} movements expected, ${is?.quantity ?? 0} in ${is?.movements ?? 0} found`,
    ];
  });
}
