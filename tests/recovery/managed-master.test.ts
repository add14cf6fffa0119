import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readProofBook } from '#recovery/proofs/book.ts';
import { proveCopy } from '#recovery/proofs/prove-copy.ts';
import { migrate } from '#schema/migrations/migrate.ts';
import { setLogins } from '#scripts/local/logins.ts';
import { type Cluster, startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { paths } from '#scripts/paths.ts';
import { openAws } from '#tests/aws.ts';
import { asSuperuser } from '../prove/clone.ts';
import { createFixture } from '../prove/reconciliation/fixture.ts';

openAws();
let folder: string;
let cluster: Cluster;
let masterUrl: URL;

/** A managed service has no superuser: its master may create roles and databases, and is a member of those roles. */
beforeAll(async () => {
  folder = makeScratchFolder('managed');
  cluster = await startCluster({ directory: join(folder, 'postgres'), durable: false });
  await execute(
    cluster.url,
    `create role rds_iam; create role master login createrole createdb password 'master'; grant rds_iam to master with admin option`,
  );
  await execute(cluster.url, 'create database stock owner master');
  masterUrl = new URL(cluster.url);
  Object.assign(masterUrl, { username: 'master', password: 'master', pathname: 'stock' });
  await migrate({ connectionString: masterUrl.href, directory: paths.migrations });
  const url = new URL(cluster.url);
  url.pathname = 'stock';
  await setLogins(url.href);
  await createFixture(url.href);
  await execute(url.href, 'select recovery.beat()');
}, 60_000);
afterAll(async () => {
  await cluster?.destroy();
  await rm(folder, { recursive: true, force: true });
});

const execute = (url: string, sql: string) => asSuperuser(url, (superuser) => superuser.query(sql));

async function prove() {
  const { outcomes } = await proveCopy({
    connectionString: masterUrl.href,
    book: await readProofBook(join(paths.root, 'sql')),
    asOf: new Date(),
    requestedAt: new Date(),
  });
  return Object.fromEntries(outcomes.map((each) => [each.proof, each]));
}

test('a master without superuser proves what it may read, and the other proofs do not pass', async () => {
  const outcomes = await prove();
  for (const proof of ['references', 'organizations', 'balances', 'seals', 'heartbeat'])
    expect(outcomes[proof], proof).toMatchObject({ verdict: 'passed', faults: [] });
  for (const proof of ['heap', 'indexes']) {
    expect(outcomes[proof]).toMatchObject({
      verdict: 'could not run',
      faults: [expect.stringContaining('amcheck could not be created: permission denied')],
    });
  }
  // To watch triggers, and to refuse commands, needs a role that may create event triggers.
  expect(outcomes.schema).toMatchObject({
    verdict: 'failed',
    faults: expect.arrayContaining([
      expect.stringContaining('stockade_refuse_command'),
      expect.stringContaining('stockade_watch_triggers'),
    ]),
  });
  expect(outcomes.schema?.faults.filter((fault) => !/watch|event trigger/i.test(fault))).toEqual([]);
  // The master can take the role of the owner by design.
  expect(outcomes.isolation?.faults.filter((fault) => !/watch|stockade_refuse_command/.test(fault))).toEqual(
    [],
  );
});

test('it finds missing rows although row-level security hides every row', async () => {
  const url = new URL(cluster.url);
  url.pathname = 'stock';
  await execute(
    url.href,
    `begin; set local session_replication_role = replica; delete from inventory.items where sku = 'M'; commit`,
  );
  const { references } = await prove();
  expect(references?.verdict).toBe('failed');
  expect(references?.faults.join('\n')).toMatch(/^inventory\.balances: .* is not present in table "items"/m);
});
