import { Client } from 'pg';
import { migrate } from '#schema/migrations/migrate.ts';
import { paths } from '#scripts/paths.ts';

/** How much the inventory of the old program holds. */
export interface ShopSize {
  readonly items: number;
  readonly locations: number;
  readonly movements: number;
}

/** The clients work with the first items, so that they meet. */
export const busyItems = 200;

export const skuOf = (number: number): string => `SKU-${number}`;
export const codeOf = (number: number): string => `LOC-${number}`;

/**
 * Fills an empty database with the single-tenant inventory of a shop of years, which nobody has analyzed. Every tenth pair of
 * movements is a transfer.
 */
export async function createShop(
  databaseUrl: string,
  { items, locations, movements }: ShopSize,
  onRows: (rows: number) => void = () => {},
): Promise<void> {
  await migrate({ connectionString: databaseUrl, directory: paths.migrations, target: 1 });
  const client = new Client(databaseUrl);
  await client.connect();
  try {
    await client.query(
      `insert into inventory.users (email) select 'user' || n || '@shop.test' from generate_series(1, 20) as n`,
    );
    await client.query(
      `insert into inventory.items (sku, name) select 'SKU-' || n, 'Item ' || n from generate_series(1, ${items}) as n`,
    );
    await client.query(
      `insert into inventory.locations (code, name) select 'LOC-' || n, 'Location ' || n from generate_series(1, ${locations}) as n`,
    );
    // What the clients move has enough everywhere.
    await client.query(insertOpenings, [busyItems]);
    const part = 50_000;
    for (let done = 0; done < movements; done += part) {
      await client.query(insertMovements, [done, Math.min(done + part, movements) / 2, items, locations]);
      onRows(Math.min(done + part, movements));
    }
  } finally {
    await client.end();
  }
}

const insertOpenings = `
  insert into inventory.movements (item_id, location_id, quantity, kind, reference, occurred_at, recorded_at)
  select i.id, l.id, 1000, 'receipt', 'OPENING', '2018-12-31', '2018-12-31'
  from generate_series(1, $1::int) as n
  join inventory.items i on i.sku = 'SKU-' || n
  cross join inventory.locations l`;

// Two movements a turn: two receipts, or the halves of a transfer. The order of the items is that of a shop, not of the table.
const insertMovements = `
  insert into inventory.movements (item_id, location_id, quantity, kind, reference, user_id, occurred_at, recorded_at)
  select i.id, l.id,
    case when is_transfer then half.sign * 1 else 2 + turn % 50 end,
    case when is_transfer then 'transfer' else 'receipt' end,
    case when is_transfer then 'T-' || turn else 'PO-' || turn / 20 end,
    u.id, at, at
  from generate_series($1::int / 2, $2::int - 1) as turn
  cross join lateral (
    select turn / 10 % 10 = 9 as is_transfer, timestamptz '2019-01-01' + turn * interval '1 minute' as at
  ) as each
  cross join (values (-1, 0), (1, 1)) as half (sign, further)
  join inventory.items i on i.sku = 'SKU-' || 1 + (turn::bigint * 7919) % $3::int
  join inventory.locations l on l.code = 'LOC-' || 1 + (turn + half.further) % $4::int
  join inventory.users u on u.email = 'user' || 1 + turn % 20 || '@shop.test'`;
