import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readMigrations } from '#schema/book/migration-files.ts';
import { migrate } from '#schema/migrations/migrate.ts';
import { withRole } from '#scripts/cli/database/connect.ts';
import { type Cluster, startCluster } from '#scripts/local/postgres/cluster.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { paths } from '#scripts/paths.ts';
import { createOrganization, listOrganizations } from '#tenancy/organizations.ts';

let cluster: Cluster;
let masterUrl: URL;

/** A managed service hands out no superuser: its master may make roles and databases, and is a member of what it made. */
beforeAll(async () => {
  const directory = makeScratchFolder('master');
  cluster = await startCluster({ directory, durable: false });
  const superuser = new Client(cluster.url);
  await superuser.connect();
  await superuser.query(`create role master login createrole createdb password 'master'`);
  await superuser.query('create database stock owner master');
  await superuser.end();
  masterUrl = new URL(cluster.url);
  Object.assign(masterUrl, { username: 'master', password: 'master', pathname: 'stock' });
});
afterAll(() => cluster?.destroy());

test('a master without superuser migrates, migrates again, and runs the commands of an operator', async () => {
  const first = await migrate({ connectionString: masterUrl.href, directory: paths.migrations });
  const names = (await readMigrations(paths.migrations)).map(({ name }) => name);
  expect(first.applied.map(({ name }) => name)).toEqual(names);
  const second = await migrate({ connectionString: masterUrl.href, directory: paths.migrations });
  expect(second).toMatchObject({ applied: [], before: names.length });

  const created = await withRole(masterUrl.href, 'stockade_admin', (admin) =>
    createOrganization(admin, { slug: 'acme', name: 'Acme' }, 'test'),
  );
  const organizations = await withRole(masterUrl.href, 'stockade_admin', listOrganizations);
  expect(organizations.map(({ id }) => id)).toEqual([created.id]);
});
