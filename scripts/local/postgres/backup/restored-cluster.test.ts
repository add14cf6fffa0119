import { mkdirSync, readdirSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../cluster.ts';
import { makeScratchFolder } from '../scratch-folder.ts';
import { type Backup, takeBaseBackup } from './base-backup.ts';
import { type RestoreOptions, restoreCluster } from './restored-cluster.ts';
import { WalArchive } from './wal-archive.ts';
import { segmentAfter } from './wal-segment.ts';

// What autovacuum does is a transaction too, and these tests count them.
const settings = { shared_buffers: '16MB', autovacuum: 'off' };
const segmentBytes = 16_777_216;
let folder: string;
let source: Cluster;
let client: Client;
let wal: WalArchive;
let backup: Backup;
const restored: Cluster[] = [];

beforeAll(async () => {
  folder = makeScratchFolder('restore');
  source = await startCluster({ directory: join(folder, 'source'), durable: false, archive: true, settings });
  client = new Client(source.url);
  await client.connect();
  await client.query('create table line (id int primary key, note text)');
  wal = await WalArchive.open({
    directory: source.archiveDirectory ?? '',
    marksFile: join(folder, 'marks'),
    segmentBytes,
  });
  backup = await takeBaseBackup({ ...source, target: join(folder, 'backup'), durable: false });
});
afterEach(async () => {
  await Promise.all(restored.splice(0).map((cluster) => cluster.destroy()));
});
afterAll(async () => {
  await client.end();
  await source.destroy();
  await rm(folder, { recursive: true, force: true });
});

async function restore(options: Partial<RestoreOptions> = {}): Promise<Cluster> {
  const cluster = await restoreCluster({
    backup: join(folder, 'backup'),
    directory: join(folder, `restored-${restored.length}`),
    password: decodeURIComponent(new URL(source.url).password),
    durable: false,
    settings,
    ...options,
  });
  restored.push(cluster);
  return cluster;
}

async function linesOf({ url }: Cluster): Promise<number[]> {
  const reader = new Client(url);
  await reader.connect();
  try {
    // An index that does not fit its table would show here.
    const { rows } = await reader.query<{ id: number }>('select id from line order by id');
    return rows.map(({ id }) => id);
  } finally {
    await reader.end();
  }
}

const add = (id: number) => client.query('insert into line values ($1)', [id]);

async function clock(): Promise<Date> {
  // A millisecond of its own for what comes before and what comes after.
  const { rows } = await client.query<{ now: Date }>('select pg_sleep(0.002), clock_timestamp() as now');
  await client.query('select pg_sleep(0.002)');
  return rows[0]?.now ?? new Date(Number.NaN);
}

test('a backup taken while a session writes becomes a cluster of its own that has what was committed before', async () => {
  await client.query("insert into line select n, repeat('x', 500) from generate_series(1000, 5000) as n");
  let isDone = false;
  const writing = (async () => {
    const writer = new Client(source.url);
    await writer.connect();
    for (let id = 10_000; !isDone; id++)
      await writer.query("insert into line values ($1, repeat('y', 900))", [id]);
    await writer.end();
  })();
  const percents: number[] = [];
  const target = join(folder, 'while-writing');
  const onProgress = (percent: number) => percents.push(percent);
  const taken = await takeBaseBackup({ ...source, target, durable: true, onProgress });
  isDone = true;
  await writing;
  expect(percents.at(-1)).toBe(99);
  expect(taken.bytes).toBeGreaterThan(20_000_000);

  const copy = await restore({ backup: target });
  const lines = await linesOf(copy);
  expect(lines.slice(0, 4001)).toEqual(Array.from({ length: 4001 }, (_, index) => 1000 + index));
  expect(lines.slice(4001)).toEqual(lines.slice(4001).map((_, index) => 10_000 + index));
  expect(copy.port).not.toBe(source.port);
  await client.query('delete from line');
});

test('recovery to a time is two-sided: what was committed just before is there, what came just after is not', async () => {
  await add(1);
  const time = await clock();
  await add(2);
  const start = await wal.plan(time, [backup]);
  expect(start).toBeUndefined();
  await wal.mark(source.url);
  const plan = await wal.plan(time, [backup]);
  if (!plan) throw new Error('there is no way to a time that is archived');
  const copy = await restore({ pointInTime: { time, wal, plan }, archive: true });
  expect(await linesOf(copy)).toEqual([1]);

  const writer = new Client(copy.url);
  await writer.connect();
  await writer.query('insert into line values (3)');
  await writer.end();
  expect(await linesOf(source)).toEqual([1, 2]);
});

test('an idle cluster switches no segment, and is restorable up to now all the same', async () => {
  await wal.advance(source.url);
  const segments = await wal.segments();
  const before = await wal.latestRestorable([backup]);
  const now = await clock();
  await wal.advance(source.url);
  expect(await wal.segments()).toEqual(segments);
  const latest = await wal.latestRestorable([backup]);
  expect(latest && latest >= now && before && before < now).toBe(true);

  await add(10);
  expect(await wal.latestRestorable([backup])).toEqual(latest);
  await wal.advance(source.url);
  const added = [...(await wal.segments())].filter((each) => !segments.has(each));
  expect(added).toEqual([expect.stringMatching(/^[\dA-F]{24}$/)]);
});

test('a transaction that was open across a mark is not taken for idleness', async () => {
  const slow = new Client(source.url);
  await slow.connect();
  await slow.query('begin');
  await slow.query('insert into line values (20)');
  await add(21);
  await wal.advance(source.url);
  const latest = await wal.latestRestorable([backup]);
  await slow.query('commit');
  await slow.end();
  const committedAt = await clock();
  expect(latest && latest < committedAt).toBe(true);
  await wal.advance(source.url);
  const plan = await wal.plan(committedAt, [backup]);
  if (!plan) throw new Error('there is no way to a time that is archived');
  expect(await linesOf(await restore({ pointInTime: { time: committedAt, wal, plan } }))).toContain(20);
});

test('behind a gap in the archive nothing is restorable, until a newer backup', async () => {
  const whole = await clock();
  await wal.mark(source.url);
  await add(30);
  await wal.mark(source.url);
  const later = await clock();
  await wal.mark(source.url);
  const names = await readdir(source.archiveDirectory ?? '');
  const lost = names.sort().at(-2) ?? '';
  await rm(join(source.archiveDirectory ?? '', lost));

  const latest = await wal.latestRestorable([backup]);
  expect(latest && latest < later && latest > whole).toBe(true);
  expect(await wal.plan(later, [backup])).toBeUndefined();
  expect(await wal.plan(whole, [backup])).toMatchObject({ base: backup });
  const newer = await takeBaseBackup({ ...source, target: join(folder, 'newer'), durable: false });
  const after = await clock();
  await wal.mark(source.url);
  expect((await wal.plan(after, [backup, newer]))?.base).toBe(newer);

  await wal.prune([newer]);
  expect([...(await wal.segments())].every((segment) => segment >= newer.startSegment)).toBe(true);
});

interface Underway {
  readonly breaking: AbortController;
  /** The folder that is being filled. */
  readonly unfinished: string;
}
test.each<[string, RegExp, (underway: Underway) => void]>([
  ['is interrupted', /abort/, ({ breaking }) => breaking.abort()],
  // Which is copied when everything else has been.
  [
    'cannot copy the control file',
    /directory/,
    ({ unfinished }) => mkdirSync(join(unfinished, 'global/pg_control'), { recursive: true }),
  ],
])('a backup that %s leaves nothing and the server without a slot', async (_, why, spoil) => {
  const target = join(folder, 'broken-off');
  const leftovers = () => readdirSync(folder).filter((name) => name.startsWith('broken-off'));
  const breaking = new AbortController();
  const onProgress = () => spoil({ breaking, unfinished: join(folder, leftovers()[0] ?? 'nothing') });
  const taking = takeBaseBackup({ ...source, target, durable: false, signal: breaking.signal, onProgress });
  await expect(taking).rejects.toThrow(why);
  expect(leftovers()).toEqual([]);
  await expect.poll(async () => (await client.query('select from pg_replication_slots')).rowCount).toBe(0);
});

test('segments follow one another over the end of a log file', () => {
  expect(segmentAfter('0000000100000000000000FE', segmentBytes)).toBe('0000000100000000000000FF');
  expect(segmentAfter('0000000100000000000000FF', segmentBytes)).toBe('000000010000000100000000');
});

test('a backup that would leave the server no room for its log is refused, with both figures, before anything is done', async () => {
  const target = join(folder, 'too-large');
  const measureRoom = async () => 64 * 1_048_576;
  await expect(takeBaseBackup({ ...source, target, durable: false, measureRoom })).rejects.toThrow(
    /^the backup needs \d+ MB of free disk, 64 MB of it as a reserve for the database, and .* has 64 MB: free some space$/,
  );
  expect((await readdir(folder)).filter((name) => name.startsWith('too-large'))).toEqual([]);
});

test('an archive that gets nothing more is not waited for when the server has ended', async () => {
  await client.query('insert into line values (999)');
  const directory = join(folder, 'nothing-arrives');
  mkdirSync(directory);
  const waiting = await WalArchive.open({ directory, marksFile: join(folder, 'no-marks'), segmentBytes });
  const ended = new AbortController();
  const advancing = waiting.advance(source.url, ended.signal);
  ended.abort();
  await expect(advancing).rejects.toThrow('aborted');
  await client.query('delete from line where id = 999');
});

test('an archive without room for another segment is not advanced: the server switches none', async () => {
  await add(998);
  const archive = { directory: source.archiveDirectory ?? '', marksFile: join(folder, 'no-room') };
  const full = await WalArchive.open({ ...archive, segmentBytes: Number.MAX_SAFE_INTEGER });
  const before = await full.segments();
  await expect(full.advance(source.url)).rejects.toThrow(/^the archive of the log needs \d+ MB of free disk/);
  expect(await full.segments()).toEqual(before);
  await client.query('delete from line where id = 998');
});
