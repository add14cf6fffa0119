import { once } from 'node:events';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, expect, inject, onTestFinished, test } from 'vitest';
import { handler } from '#functions/jobs/migrate.lambda.ts';
import { environment } from '#platform/environment.ts';
import { paths } from '#scripts/paths.ts';
import { cloneDatabase, onCluster } from '#tests/template.ts';

let sql: string;
let database: string;
let names: string[];

/** This release with one more migration, and a database that has this release. */
beforeEach(async () => {
  sql = await mkdtemp(join(tmpdir(), 'stockade-deploy-'));
  await cp(join(paths.root, 'sql'), sql, { recursive: true });
  names = (await readdir(paths.migrations)).sort();
  database = `deploy_${sql.slice(-6).toLowerCase()}`;
  await cloneDatabase(database);
  process.env[environment.sqlDirectory] = sql;
  process.env[environment.masterDatabaseUrl] = Object.assign(new URL(inject('clusterUrl')), {
    pathname: database,
  }).href;
});
afterEach(async () => {
  await rm(sql, { recursive: true });
  await onCluster(`drop database ${database} with (force)`);
});

async function put(text: string): Promise<string> {
  const name = `${String(names.length + 1).padStart(6, '0')}_next`;
  await writeFile(join(sql, 'migrations', `${name}.sql`), text);
  return name;
}

const deploy = (event: unknown, remainingMs = 840_000) =>
  handler(event, { getRemainingTimeInMillis: () => remainingMs } as Context);

test('a deploy migrates; another one has nothing to do; a person may call it without an event', async () => {
  const name = await put('create schema next;');
  expect(await deploy({ RequestType: 'Create' })).toEqual({
    PhysicalResourceId: 'schema',
    applied: [name],
    isNewer: false,
  });
  expect(await deploy({ RequestType: 'Update' })).toMatchObject({ applied: [] });
  for (const event of [{}, null, undefined]) expect(await deploy(event)).toMatchObject({ applied: [] });
});

test('the end of the stack touches nothing', async () => {
  delete process.env[environment.masterDatabaseUrl];
  expect(await deploy({ RequestType: 'Delete' })).toEqual({ PhysicalResourceId: 'schema' });
});

test('a migration that opens the wall fails the deploy, with the fault', async () => {
  const name = await put('grant select on tenancy.context_keys to stockade_api;');
  await expect(deploy({ RequestType: 'Update' })).rejects.toThrow(
    new RegExp(`^After ${name} the isolation lint has \\d+ faults?: 00\\d\\d_\\w+: tenancy\\.context_keys`),
  );
});

test('a run without time left says where it stopped and how to go on', async () => {
  await put('create schema next;');
  await expect(deploy({ RequestType: 'Update' }, 60_001)).rejects.toThrow(
    /^the migration needs more time than one call of the function has: it stopped.*\n.* npm run migrate:all;/,
  );
});

test('the release before leaves a newer database as it is, as in a rollback', async () => {
  await rm(join(sql, 'migrations', names.at(-1) ?? ''));
  await rm(join(sql, 'functions/recovery/restorations.sql'));
  expect(await deploy({ RequestType: 'Update' })).toMatchObject({ applied: [], isNewer: true });
});

test('two deploys at once: one migrates, the other waits for it and has nothing to do', async () => {
  const name = await put('create schema next;');
  const both = await Promise.all([deploy({ RequestType: 'Create' }), deploy({ RequestType: 'Create' })]);
  expect(both.flatMap(({ applied }) => applied)).toEqual([name]);
});

test('a database that does not answer, or takes no such password, is named with what to do', async () => {
  const url = new URL(inject('clusterUrl'));
  const silent = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => new Promise((done) => silent.close(() => done())));
  const { port } = silent.address() as AddressInfo;
  process.env[environment.masterDatabaseUrl] = `postgres://nobody@127.0.0.1:${port}/none`;
  await expect(deploy({ RequestType: 'Update' }, 300)).rejects.toThrow(
    new RegExp(`^the database at 127\\.0\\.0\\.1:${port} does not answer: .+\nSee that it runs`),
  );
  url.password = 'wrong';
  process.env[environment.masterDatabaseUrl] = url.href;
  await expect(deploy({ RequestType: 'Update' })).rejects.toThrow(
    /does not take the user of the secret.*\nCompare/,
  );
});

test('a long message is cut, so that CloudFormation shows its beginning', async () => {
  await put(`do $$ begin raise exception 'no' using detail = repeat('x', 5000); end $$;`);
  const error = await deploy({ RequestType: 'Update' }).catch((fault) => fault);
  expect(error.message).toMatch(/xxx …\n/);
  expect(error.message.length).toBeLessThan(2_100);
});
