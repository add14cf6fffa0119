import { Client } from 'pg';
import { type Bench, type Comparison, compare, expected, type Load } from './bench.ts';
import { execute, startServer } from './database.ts';
import { makeLedger } from './history.ts';

/** The number of movements of one balance, by its item. */
const all = { S1: 100, S2: 5_000, S3: 100_000, S4: 1_000_000 } as const;
const fewer = { ...all, S4: 200_000 } as const;

export const balanceRead: Bench = {
  name: 'balance-read',
  summary:
    'The cost of reading a balance, for histories of different lengths, compared with adding up its movements',
  expect: (options) => expected(3, options, options.quick ? 12 : 35),
  async *run(options): AsyncGenerator<Comparison> {
    const keys = options.quick ? fewer : all;
    const server = await startServer();
    try {
      const url = await server.createDatabase('balances');
      const ledger = await makeLedger(url, 'bench', 4);
      for (const [sku, movements] of Object.entries(keys)) await ledger.postTo(sku, movements);
      await execute(url, 'vacuum analyze');
      const client = new Client(url);
      await client.connect();
      // Inside the database, one statement after another: a round trip would cost more than either.
      const load = async (times: number, select: string, sku: keyof typeof keys): Promise<Load> =>
        repeat(client, times, `${select} where ${await conditionOf(client, ledger.orgId, sku)}`);
      const read = (sku: keyof typeof keys) =>
        load(1_000, 'select on_hand into v_figure from inventory.balances', sku);
      const sum = (sku: keyof typeof keys) =>
        load(1, 'select sum(quantity) into v_figure from inventory.movements', sku);

      yield await compare(
        {
          name: `a balance of ${keys.S4.toLocaleString('en')} movements`,
          subject: 'read by its key',
          reference: 'one of 100 movements, read by its key',
          target: 1.2,
        },
        { subject: await read('S4'), reference: await read('S1') },
        options,
      );
      for (const [sku, least] of [
        ['S2', 50],
        ['S3', 500],
      ] as const) {
        yield await compare(
          {
            name: `a balance of ${keys[sku].toLocaleString('en')} movements, ${least} times as fast as its sum`,
            subject: 'read by its key',
            reference: 'sum(quantity)',
            target: 1 / least,
          },
          { subject: await read(sku), reference: await sum(sku) },
          options,
        );
      }
      await client.end();
    } finally {
      await server.stop();
    }
  },
};

/** Runs a statement this many times in one block, until the time is over. */
function repeat(client: Client, times: number, statement: string): Load {
  const block = `do $$ declare v_figure numeric; begin for i in 1..${times} loop ${statement}; end loop; end $$`;
  return async (durationMs) => {
    const deadline = performance.now() + durationMs;
    let operations = 0;
    while (performance.now() < deadline) {
      await client.query(block);
      operations += times;
    }
    return operations;
  };
}

/** Ids and not subqueries: the planner must know the values to use the index for the sum. */
async function conditionOf(client: Client, orgId: string, sku: string): Promise<string> {
  const { rows } = await client.query(
    `select item_id, location_id from inventory.balances b join inventory.items i on i.org_id = b.org_id and i.id = b.item_id
     where b.org_id = $1 and i.sku = $2`,
    [orgId, sku],
  );
  return `org_id = '${orgId}' and item_id = '${rows[0].item_id}' and location_id = '${rows[0].location_id}' and lot = ''`;
}
