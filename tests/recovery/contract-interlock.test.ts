import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as rds from '@aws-sdk/client-rds';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { closeAwsClients } from '#platform/aws/call.ts';
import { putEvidence, readEvidence } from '#platform/aws/evidence.ts';
import { environment } from '#platform/environment.ts';
import type { ReturnPoint } from '#recovery/contract-interlock.ts';
import { recordMilestone } from '#recovery/drill/records.ts';
import { interlocked } from '#recovery/interlocked.ts';
import { migrate } from '#schema/migrations/migrate.ts';
import { startQueryService } from '#scripts/local/aws/query-service.ts';
import type { XmlElements } from '#scripts/local/aws/xml.ts';
import { paths } from '#scripts/paths.ts';
import { run } from '../commands/run.ts';
import { asSuperuser, type Clone, cloneDatabase } from '../prove/clone.ts';
import { openRds } from '../rds.ts';
import { startAurora } from './aurora.ts';

const world = openRds();
const hourMs = 3_600_000;
let folder: string;

/** The migrations of this release and two more: one that expands, and one that only a backup can undo. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stockade-contract-'));
  await cp(join(paths.root, 'sql'), folder, { recursive: true });
  const [next, last] = await nextNumbers(2);
  await writeFile(
    join(folder, `migrations/${next}_expand.sql`),
    `create table recovery.expanded (kept int, given_up int); comment on table recovery.expanded is 'Platform data: a test.';`,
  );
  await writeFile(
    join(folder, `migrations/${last}_contract.sql`),
    '-- Takes away.\n--! contract\nalter table recovery.expanded drop column given_up;',
  );
});
/** Each test begins before these two, without a drill and without a return point. */
beforeEach(async () => {
  await asSuperuser(world.adminUrl, (superuser) =>
    superuser.query(
      `drop table if exists recovery.expanded;
       delete from stockade_migrations.applied where name like '%\\_expand' or name like '%\\_contract'`,
    ),
  );
  for (const key of world.local.s3.keys(bucket())) await world.local.s3.lose(bucket(), key);
});
afterEach(() => world.local.s3.faults.clear());
afterAll(() => rm(folder, { recursive: true, force: true }));

async function nextNumbers(count: number): Promise<string[]> {
  const { rows } = await asSuperuser(world.adminUrl, (superuser) =>
    superuser.query('select max(number)::int as last from stockade_migrations.applied'),
  );
  return Array.from({ length: count }, (_, at) => String(rows[0].last + at + 1).padStart(6, '0'));
}

async function migrateAll(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}, url = world.adminUrl) {
  const { exitCode, stdout, stderr } = await run(
    'migrate/all.ts',
    ['--migrations', join(folder, 'migrations'), '--database-url', url, '--json', ...args],
    env,
  );
  // biome-ignore lint/suspicious/noExplicitAny: the tests assert its shape
  return { code: exitCode, json: JSON.parse(stdout || stderr) as any };
}

/** Which of the two migrations are applied. */
async function state(url = world.adminUrl) {
  const { rows } = await asSuperuser(url, (superuser) =>
    superuser.query(
      `select to_regclass('recovery.expanded') is not null as expanded,
         not exists (
           select from pg_attribute
           where attrelid = to_regclass('recovery.expanded') and attname = 'given_up' and not attisdropped
         ) as contracted`,
    ),
  );
  return rows[0];
}

const bucket = () => world.local.env[environment.evidenceBucket] ?? '';

/** The keys of all return points, read without S3. */
function returnPointKeys(): string[] {
  const keys = world.local.s3.keys(bucket());
  return keys.filter((key) => key.startsWith('contracts/'));
}

/** Migrates as the command does, in this process and without the isolation lint. Returns the return points. */
async function migrateHere(env: Readonly<Record<string, string>> = {}, url = world.adminUrl) {
  const returnPoints: ReturnPoint[] = [];
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  closeAwsClients();
  try {
    const { before } = await migrate({
      connectionString: url,
      directory: join(folder, 'migrations'),
      beforeContract: interlocked(url, (point) => returnPoints.push(point)),
    });
    return { before, returnPoints };
  } finally {
    vi.unstubAllEnvs();
    closeAwsClients();
  }
}

/** Expects that the migration is refused without a return point, and that the one before it stays applied. */
async function expectRefused(
  message: RegExp,
  env: Readonly<Record<string, string>> = {},
  url = world.adminUrl,
) {
  const error = await migrateHere(env, url).catch((thrown: unknown) => thrown);
  return await expectRefusal(error, message);
}

async function expectRefusal(error: unknown, message: RegExp): Promise<{ readonly remedy: string }> {
  expect(error).toMatchObject({
    message: expect.stringMatching(message),
    remedy: expect.stringContaining('Earlier migrations stay applied.'),
  });
  expect(await state()).toEqual({ expanded: true, contracted: false });
  expect(returnPointKeys()).toEqual([]);
  return error as { readonly remedy: string };
}

async function noteDrill(id: string, agoMs: number, passed: boolean, source = world.instance) {
  const requestedAt = new Date(Date.now() - agoMs - 60_000);
  const request = { kind: 'snapshot', source, asOf: '', instance: '', keep: false } as const;
  await recordMilestone(id, requestedAt, 'requested', request, requestedAt);
  const verdict = { passed, summary: 'seals: the seal 3 of acme was altered' };
  await recordMilestone(id, requestedAt, 'verdict', verdict, new Date(Date.now() - agoMs));
}

/** An RDS that knows only this instance. */
async function describedAs(description: XmlElements | undefined) {
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = process.env;
  return await startQueryService({
    name: 'rds',
    namespace: 'http://rds.amazonaws.com/doc/2014-10-31/',
    key: { accessKeyId, secretAccessKey },
    actions: {
      DescribeDBInstances: () => ({ DBInstances: { DBInstance: description ? [description] : [] } }),
    },
  });
}

/** A URL with an RDS host name, as an operator would type it, that connects to the test database. */
function atRds(host: string): string {
  const url = new URL(world.adminUrl);
  const port = url.port;
  url.searchParams.set('host', url.hostname);
  url.hostname = host;
  url.port = port;
  return url.href;
}

test('without a drill it is refused after the migrations before it, and a dry run reports that first', async () => {
  const dry = await migrateAll(['--dry-run']);
  expect(dry).toMatchObject({
    code: 1,
    json: {
      dryRun: true,
      refused: [{ message: expect.stringContaining('no backup has ever been restored') }],
    },
  });
  const [next, last] = await nextNumbers(2);
  expect(dry.json.pending.map(({ name }: { name: string }) => name)).toEqual([
    `${next}_expand`,
    `${last}_contract`,
  ]);
  expect(await state()).toMatchObject({ expanded: false });
  const text = await run('migrate/all.ts', [
    ...['--migrations', join(folder, 'migrations'), '--database-url', world.adminUrl, '--dry-run'],
  ]);
  const planned = [
    `Would apply:\n  ${next}_expand `,
    `\n  ${last}_contract `,
    `\nWould stop before ${last}_contract: `,
  ];
  for (const line of planned) expect(text.stdout).toContain(line);

  const { code, json } = await migrateAll();
  expect(code).toBe(1);
  expect(json.error).not.toHaveProperty('stack');
  const { remedy } = await expectRefusal(json.error, /no backup has ever been restored and proven/);
  expect(remedy).toContain('npm run verify:backup');
}, 120_000);

test('a drill that is too old, failed or restored another database does not count', async () => {
  await noteDrill('000001', 30 * hourMs, true);
  await expectRefused(/the last drill, 000001, passed 1 d 6 h ago, and the limit is 1 d/);
  await noteDrill('000002', 0, false);
  await expectRefused(/the last drill, 000002, failed: seals: the seal 3/);
  await noteDrill('000003', -2 * hourMs, true);
  await expectRefused(/the last drill, 000003, was at .+, which is in the future: a clock is wrong/);
  await noteDrill('000004', 0, true, 'stockade-dev');
  await expectRefused(/the last drill, 000004, restored stockade-dev, not stockade/);
}, 120_000);

test('when a question cannot be answered, it is refused with the reason', async () => {
  await noteDrill('000004', 0, false);
  await noteDrill('000005', 0, true);
  const before = world.local.s3.keys(bucket()).findLast((key) => key.includes('/000004/')) ?? '';
  const bytes = (await readEvidence(before)) ?? new Uint8Array();
  await world.local.s3.lose(bucket(), before);
  await expectRefused(/drill records before drills\/\S+\/000005\/01-requested\S+ were removed or replaced/);
  await putEvidence(before, bytes);
  world.rds.faults.inject('throttled', { operation: 'DescribeDBInstances' });
  await expectRefused(/its backups could not be checked\. Could not run\. AWS is throttling/);
  world.rds.faults.clear();
  world.rds.faults.inject('denied', { operation: 'DescribeDBInstances' });
  await expectRefused(/its backups could not be checked\. Could not run\. Permission is missing/);
  world.rds.faults.clear();
  world.local.s3.faults.inject('denied', { operation: 'ListObjectVersions' });
  await expectRefused(/the drill records could not be read\. Could not run\. Permission is missing/);
  world.local.s3.faults.clear();
  world.local.s3.faults.inject('denied', { operation: 'PutObject' });
  await expectRefused(/the time to restore to could not be recorded\. .*Permission is missing/);
  world.local.s3.faults.clear();
  await expectRefused(/Could not run\. There was no connection/, {
    AWS_ENDPOINT_URL_RDS: 'http://127.0.0.1:9',
  });
  await expectRefused(/there is no instance stockade-x in this region/, {
    [environment.dbInstanceIdentifier]: 'stockade-x',
  });
  await expectRefused(/A setting is missing: STOCKADE_EVIDENCE_BUCKET is not set/, {
    [environment.evidenceBucket]: '',
  });
}, 120_000);

test('with an old log or a wrong clock it is refused, for instances and clusters', async () => {
  await noteDrill('000001', 0, true);
  const DBInstance = { DBInstanceIdentifier: world.instance, BackupRetentionPeriod: '7' };
  const stale = { LatestRestorableTime: new Date(Date.now() - hourMs).toISOString() };
  const ahead = { LatestRestorableTime: new Date(Date.now() + 72 * hourMs).toISOString() };
  for (const [described, reason] of [
    [stale, /stockade can be restored only to \S+, 1 h ago/],
    [ahead, /stockade can be restored to \S+, which is in the future: a clock is wrong/],
    [{}, /stockade cannot be restored to any point in time/],
  ] as const) {
    await using service = disposable(await describedAs({ ...DBInstance, ...described }));
    await expectRefused(reason, { AWS_ENDPOINT_URL_RDS: service.url });
  }
  const cluster = { DBClusterIdentifier: 'books', ...stale };
  await using aurora = disposable(await startAurora({ cluster, snapshots: {}, replicas: {}, begun: {} }));
  await expectRefused(/books can be restored only to \S+, 1 h ago/, {
    AWS_ENDPOINT_URL_RDS: aurora.url,
    [environment.dbInstanceIdentifier]: '',
    [environment.dbClusterIdentifier]: 'books',
  });
}, 120_000);

function disposable<T extends { close(): Promise<void> }>(closable: T): T & AsyncDisposable {
  return Object.assign(closable, { [Symbol.asyncDispose]: () => closable.close() });
}

test('a database on RDS without a configured instance is refused, at its own host or through a tunnel', async () => {
  await noteDrill('000001', 0, true);
  const unnamed = { [environment.dbInstanceIdentifier]: '' };
  const host = 'stockade.abc123.eu-central-1.rds.amazonaws.com';
  const { remedy } = await expectRefused(/no setting names its instance/, unnamed, atRds(host));
  expect(remedy).toContain(environment.dbInstanceIdentifier);
  await expectRefused(/it runs at \S+, which is not an address of stockade/, {}, atRds(host));
  // Through a tunnel, the role shows that it is RDS.
  await asSuperuser(world.adminUrl, (superuser) => superuser.query('create role rds_superuser'));
  try {
    await expectRefused(/no setting names its instance/, unnamed);
  } finally {
    await asSuperuser(world.adminUrl, (superuser) => superuser.query('drop role rds_superuser'));
  }
}, 120_000);

test('outside AWS and for a new database it is applied without a check', async () => {
  await using elsewhere: Clone = await cloneDatabase(world.cluster.url, 'stockade');
  const nothing = { [environment.dbInstanceIdentifier]: '', [environment.evidenceBucket]: '' };
  expect(await migrateAll([], nothing, elsewhere.url)).toMatchObject({ code: 0, json: { returnPoints: [] } });
  expect(await state(elsewhere.url)).toEqual({ expanded: true, contracted: true });

  await elsewhere.run(
    'drop schema public, inventory, tenancy, recovery, stockade_migrations cascade; create schema public',
  );
  const afresh = await migrateHere({ AWS_ENDPOINT_URL_RDS: 'http://127.0.0.1:9' }, elsewhere.url);
  expect(afresh).toEqual({ before: 0, returnPoints: [] });
  expect(await state(elsewhere.url)).toEqual({ expanded: true, contracted: true });
}, 120_000);

test('with a drill and a log it is applied, and a restore to the return point undoes it', async () => {
  await noteDrill('000001', 0, true);
  await world.archive();
  const [, last = ''] = await nextNumbers(2);
  const done = await migrateAll(['--target', last]);
  const { returnPoints } = done.json;
  expect(returnPoints).toEqual([
    expect.objectContaining({ migration: expect.stringContaining('_contract'), source: world.instance }),
  ]);
  expect(await state()).toEqual({ expanded: true, contracted: true });
  const { migration, at, until } = returnPoints[0];
  expect(at).toMatch(/:\d\d\.000Z$/);
  expect(Date.parse(until) - Date.parse(at)).toBe(7 * 24 * hourMs);
  const [key = ''] = returnPointKeys();
  expect(key).toBe(`contracts/${migration}/${at}.json`);
  expect(JSON.parse(Buffer.from((await readEvidence(key)) ?? []).toString())).toEqual({
    format: 'stockade contract 1',
    ...returnPoints[0],
  });

  await world.archive();
  const client = new rds.RDSClient({});
  await client.send(
    new rds.RestoreDBInstanceToPointInTimeCommand({
      SourceDBInstanceIdentifier: world.instance,
      TargetDBInstanceIdentifier: 'returned',
      RestoreTime: new Date(at),
      BackupRetentionPeriod: 0,
    }),
  );
  await world.rds.settled();
  const { DBInstances } = await client.send(
    new rds.DescribeDBInstancesCommand({ DBInstanceIdentifier: 'returned' }),
  );
  client.destroy();
  const { Address, Port } = DBInstances?.[0]?.Endpoint ?? {};
  const returned = Object.assign(new URL(world.adminUrl), { host: `${Address}:${Port}` }).href;
  expect(await state(returned)).toEqual({ expanded: true, contracted: false });
}, 120_000);

test('the output shows the return point, and how to restore to it', async () => {
  await noteDrill('000001', 0, true);
  await world.archive();
  const { stderr } = await run('migrate/all.ts', [
    ...['--migrations', join(folder, 'migrations'), '--database-url', world.adminUrl],
  ]);
  expect(stderr).toMatch(/npm run restore -- --at \d{4}-\S+:\d\d\.000Z --to NAME/);
  expect(stderr).toMatch(/to that time as soon as its log is shipped, in some minutes, until \d{4}-/);
}, 120_000);
