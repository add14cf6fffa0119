import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, inject } from 'vitest';
import { type CheckOptions, checkMoveIn } from '#portability/moving-in/check/check-move-in.ts';
import { type CodeLine, readCodeMap } from '#portability/moving-in/check/code-map.ts';
import { migrate } from '#schema/migrations/migrate.ts';
import { createScratchDatabase, type ScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';
import { paths } from '#scripts/paths.ts';

/** The rows that are there before each test. */
export const ids = {
  bolt: '01900000-0000-7000-8000-000000000001',
  nut: '01900000-0000-7000-8000-000000000002',
  main: '01900000-0000-7000-8000-000000000003',
  ada: '01900000-0000-7000-8000-000000000004',
  moved: '01900000-0000-7000-8000-000000000005',
} as const;

/** An inventory of one shop, as it was before there were organizations. */
export interface CheckWorld {
  /** A superuser. */
  readonly client: Client;
  /** What a check finds: the rule, the table, the row and the value. */
  found(options?: CheckOptions): Promise<(string | null)[][]>;
  item(sku: string, id?: string): Promise<unknown>;
}

/** Gives the tests of a file such an inventory, with the same rows before each test. Call it at the top of the file. */
export function openCheckWorld(): CheckWorld {
  let database: ScratchDatabase;
  let client: Client;
  beforeAll(async () => {
    database = await createScratchDatabase(inject('clusterUrl'));
    await migrate({ connectionString: database.url, directory: paths.migrations, target: 1 });
    client = new Client(database.url);
    await client.connect();
  });
  afterAll(async () => {
    await client?.end();
    await database?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await client.query(`
      truncate inventory.movements, inventory.items, inventory.locations, inventory.users;
      insert into inventory.users (id, email, name) values ('${ids.ada}', 'ada@example.com', 'Ada');
      insert into inventory.items (id, sku, name) values ('${ids.bolt}', 'BOLT', 'Bolt'), ('${ids.nut}', 'M8/40', 'Nut');
      insert into inventory.locations (id, code, name) values ('${ids.main}', 'MAIN', 'Main');
      insert into inventory.movements (id, item_id, location_id, quantity, kind, reference, user_id)
      values ('${ids.moved}', '${ids.bolt}', '${ids.main}', 5, 'receipt', 'PO-1', '${ids.ada}')`);
  });
  return {
    get client() {
      return client;
    },
    async found(options = {}) {
      const { offences } = await checkMoveIn(client, options);
      return offences.map(({ ruleId, table, id, value }) => [ruleId, table, id, value]);
    },
    item: (sku, id = '01900000-0000-7000-8000-0000000000aa') =>
      client.query('insert into inventory.items (id, sku, name) values ($1, $2, $2)', [id, sku]),
  };
}

/** A map of codes with these lines. */
export function map(...lines: string[]): CodeLine[] {
  return readCodeMap(Buffer.from(['table,code,becomes', ...lines].join('\n')));
}
