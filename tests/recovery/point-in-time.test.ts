import * as rds from '@aws-sdk/client-rds';
import { Client } from 'pg';
import { afterAll, expect, test } from 'vitest';
import { withRole } from '#scripts/cli/database/connect.ts';
import { createOrganization, listOrganizations } from '#tenancy/organizations.ts';
import { openRds } from '../rds.ts';

const world = openRds();
let client: rds.RDSClient | undefined;
afterAll(() => client?.destroy());

const slugsOf = (url: string) =>
  withRole(url, 'stockade_admin', async (admin) =>
    (await listOrganizations(admin)).map(({ slug }) => slug).sort(),
  );
const create = (slug: string) =>
  withRole(world.adminUrl, 'stockade_admin', (admin) =>
    createOrganization(admin, { slug, name: slug }, 'test'),
  );

test('a restore to a point in time contains every commit before it, undamaged, and none after it', async () => {
  await create('before');
  const RestoreTime = await world.clock();
  await create('after');
  await world.archive();

  // Region, credentials and endpoint come from the environment, as they do for functions.
  client = new rds.RDSClient({});
  await client.send(
    new rds.RestoreDBInstanceToPointInTimeCommand({
      SourceDBInstanceIdentifier: world.instance,
      TargetDBInstanceIdentifier: 'back-then',
      RestoreTime,
      BackupRetentionPeriod: 0,
    }),
  );
  const waiting = { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };
  await rds.waitUntilDBInstanceAvailable(waiting, { DBInstanceIdentifier: 'back-then' });
  const { DBInstances } = await client.send(
    new rds.DescribeDBInstancesCommand({ DBInstanceIdentifier: 'back-then' }),
  );
  const { Address, Port } = DBInstances?.[0]?.Endpoint ?? {};
  const url = Object.assign(new URL(world.adminUrl), { host: `${Address}:${Port}` }).href;
  expect(await slugsOf(url)).toEqual(['before']);
  expect(await slugsOf(world.adminUrl)).toEqual(['after', 'before']);

  const restored = new Client(url);
  await restored.connect();
  await restored.query('create extension amcheck');
  const { rows } = await restored.query(
    `select count(bt_index_check(c.oid, true))::int as sound
     from pg_class c join pg_am a on a.oid = c.relam and a.amname = 'btree'
     where c.relkind = 'i'`,
  );
  expect(rows[0].sound).toBeGreaterThan(100);
  await restored.end();
});
