import { rm } from 'node:fs/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '#schema/migrations/migrate.ts';
import { type Cluster, startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { openRunnerWorld } from './runner-world.ts';

const world = openRunnerWorld();
const folder = makeScratchFolder('autovacuum');
let cluster: Cluster;
let client: Client;

beforeAll(async () => {
  cluster = await startCluster({ directory: folder, durable: false, settings: { autovacuum_naptime: '1s' } });
  client = new Client(cluster.url);
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await cluster.destroy();
  await rm(folder, { recursive: true, force: true });
});

test('a migration gets its lock from autovacuum, which would keep it for hours', async () => {
  await world.put({ '000001_base': 'create schema s; create table s.things (id int, note text);' });
  const options = { connectionString: cluster.url, directory: world.directory };
  await migrate(options);
  // So slow that it would take hours.
  await client.query(`
    insert into s.things select n, repeat('x', 200) from generate_series(1, 20000) as n;
    alter table s.things set (
      autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_threshold = 1,
      autovacuum_vacuum_scale_factor = 0
    );
    delete from s.things where id % 2 = 0`);
  await world.until(
    `select from pg_stat_progress_vacuum where relid = 's.things'::regclass and phase <> 'initializing'`,
    client,
  );

  await world.put({ '000002_brand': 'alter table s.things add column brand text;' });
  const retries: string[] = [];
  await migrate({
    ...options,
    lockTimeoutMs: 50,
    lockAttempts: 3,
    onProgress: (event) => void (event.kind === 'retrying' && retries.push(event.reason)),
  });

  expect(retries).toHaveLength(1);
  expect((await client.query('select brand from s.things limit 1')).rows).toEqual([{ brand: null }]);
});
