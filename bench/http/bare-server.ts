import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import pg from 'pg';
import { announce } from './server-process.ts';

/**
 * What somebody would write who needs no wall, no ledger and no gateway: an HTTP server of Node and named statements, whose
 * plans are kept. The organization is a parameter.
 */
const [orgId] = process.argv.slice(2);
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.NUMERIC, Number);
types.setTypeParser(pg.types.builtins.INT8, Number);
const pool = new pg.Pool({ connectionString: process.env.BENCH_DATABASE_URL, max: 20, types });

const readBalance = {
  name: 'balance',
  text: `select i.sku, l.code as location, nullif(b.lot, '') as lot, b.on_hand as "onHand", b.reserved,
      b.on_hand - b.reserved as available, b.version
    from inventory.items i
    left join inventory.balances b on b.org_id = i.org_id and b.item_id = i.id
    left join inventory.locations l on l.org_id = b.org_id and l.id = b.location_id
    where i.org_id = $1 and i.sku = $2
    order by l.code, b.lot`,
};
const insertMovement = {
  name: 'movement',
  text: `insert into bare.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
    select $1, $2, 1, i.id, l.id, '', $5, now(), now()
    from inventory.items i, inventory.locations l
    where i.org_id = $1 and i.sku = $3 and l.org_id = $1 and l.code = $4`,
};

const server = createServer(async (request, response) => {
  const answer =
    request.method === 'POST'
      ? await post((await json(request)) as { lines: readonly Line[] })
      : await balanceOf(decodeURIComponent(request.url?.split('/')[3] ?? ''));
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(answer));
});

interface Line {
  readonly sku: string;
  readonly location: string;
  readonly quantity: number;
}

async function balanceOf(sku: string) {
  const { rows } = await pool.query({ ...readBalance, values: [orgId, sku] });
  const total = (figure: string) => rows.reduce((sum, row) => sum + row[figure], 0);
  const locations = rows.map(({ sku: _, ...place }) => place);
  return {
    sku,
    locations,
    onHand: total('onHand'),
    reserved: total('reserved'),
    available: total('available'),
  };
}

async function post({ lines }: { readonly lines: readonly Line[] }) {
  const entryId = crypto.randomUUID();
  for (const { sku, location, quantity } of lines)
    await pool.query({ ...insertMovement, values: [orgId, entryId, sku, location, quantity] });
  return { entryId, lines };
}

server.listen(0, '127.0.0.1', () => announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
