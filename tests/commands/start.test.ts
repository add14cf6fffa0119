import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { schedules } from '#functions/schedules.ts';
import { prepareDemo } from '#scripts/local/demo.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { run, startPlatform } from './run.ts';

const shell = promisify(execFile);
let data: string;

beforeAll(async () => {
  data = makeScratchFolder('start');
});
afterAll(() => rm(data, { recursive: true, force: true }));

const curlLines = (output: string) => output.split('\n').filter((line) => line.startsWith('curl '));
const keys = (output: string) =>
  [...output.matchAll(/^API key of (\S+) +(sk_live_\S+)$/gm)].map(([, slug, key]) => [slug, key]);

const jobs = (output: string) => [...output.matchAll(/^ {2}(\S+) .*next at .* UTC$/gm)].map(([, job]) => job);

async function paste(line: string | undefined) {
  const { stdout } = await shell('sh', ['-c', line ?? 'false']);
  return JSON.parse(stdout);
}

async function isRefused(url: string): Promise<boolean> {
  return await fetch(url).then(
    () => false,
    () => true,
  );
}

test('a first start prints what works when pasted; Ctrl-C and kill -9 lose nothing and leave nothing running', async () => {
  const first = await startPlatform(['--no-schedules', '--data', data]);
  const [balance, receipt, movements, ...more] = curlLines(first.output());
  expect(more).toEqual([]);
  expect(keys(first.output()).map(([slug]) => slug)).toEqual(['acme', 'globex']);
  expect((await paste(balance)).onHand).toBe(117);
  expect((await paste(receipt)).lines[0].balance.onHand).toBe(108);
  const moved = (await paste(movements)).data as { sku: string; location: string; quantity: number }[];
  expect(moved.map(({ sku, location, quantity }) => [sku, location, quantity])).toEqual([
    ['TEA-EARL-GREY', 'LONDON', 12],
    ['TEA-EARL-GREY', 'CAMDEN', -3],
    ['TEA-EARL-GREY', 'LONDON', -24],
    ['TEA-EARL-GREY', 'CAMDEN', 24],
    ['TEA-EARL-GREY', 'LONDON', 120],
  ]);

  const listed = await run('org/list.ts', ['--data', data, '--json']);
  expect(JSON.parse(listed.stdout).map(({ slug }: { slug: string }) => slug)).toEqual(['acme', 'globex']);
  const again = await run('develop/start.ts', ['--data', data]);
  expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining(String(first.pid))]);

  expect(await first.stop('SIGINT')).toEqual({ exitCode: 0 });
  expect(await isRefused(`${first.url}/health`)).toBe(true);
  const gone = await run('org/list.ts', ['--data', data]);
  expect([gone.exitCode, gone.stderr]).toEqual([1, expect.stringContaining('npm start')]);

  const second = await startPlatform(['--no-schedules', '--data', data]);
  expect(keys(second.output())).toEqual(keys(first.output()));
  const [balanceNow, receiptNow] = curlLines(second.output());
  expect((await paste(balanceNow)).onHand).toBe(129);
  await paste(receiptNow);
  // Killed, and not ended by itself before.
  expect(await second.stop('SIGKILL')).toEqual({ exitCode: null });

  // The jobs of AWS run here too. The other tests switch them off, because their work depends on the time of day.
  const third = await startPlatform(['--data', data]);
  const [balanceThen] = curlLines(third.output());
  expect((await paste(balanceThen)).onHand).toBe(141);
  expect(jobs(third.output())).toEqual(schedules.map(({ job }) => job));
  await expect.poll(third.output).toMatch(/^job heartbeat: wrote the row of \d\d:\d\d:\d\d UTC \(\d+ ms\)$/m);
  expect(jobs(second.output())).toEqual(['heartbeat']);
  expect(second.output()).not.toContain('\njob ');
  await third.stop('SIGTERM');

  const fresh = await startPlatform(['--no-schedules', '--data', data, '--fresh']);
  expect((await paste(curlLines(fresh.output())[0])).onHand).toBe(117);
  expect(keys(fresh.output())).not.toEqual(keys(first.output()));
  expect(await fresh.stop('SIGINT')).toEqual({ exitCode: 0 });
}, 120_000);

test('DATABASE_URL is used instead of the embedded server, and an existing organization is left alone', async () => {
  const database = 'given_database';
  const cluster = new Client(inject('clusterUrl'));
  await cluster.connect();
  await cluster.query(`create database ${database} template ${inject('templateDatabase')}`);
  const url = new URL(inject('clusterUrl'));
  url.pathname = database;
  const given = { DATABASE_URL: url.href };
  const ownData = join(data, 'given');
  try {
    // What the next start could not know as its own is not made.
    const unwritable = join(data, 'no/such/folder/demo.json');
    await expect(prepareDemo(url.href, database, unwritable)).rejects.toThrow('ENOENT');
    expect(JSON.parse((await run('org/list.ts', ['--json'], given)).stdout)).toEqual([]);
    const created = await run('org/create.ts', ['--slug', 'acme', '--name', 'The real one', '--json'], given);
    const { apiKey } = JSON.parse(created.stdout);

    const platform = await startPlatform(['--data', ownData], given);
    expect(keys(platform.output())).toEqual([]);
    // There are no backups whose jobs could run.
    expect(jobs(platform.output())).toEqual(['heartbeat', 'reconcile-balances', 'tidy']);
    const response = await fetch(`${platform.url}/v1/items`, { headers: { 'x-api-key': apiKey } });
    expect(await response.json()).toEqual({ data: [], nextCursor: null });
    expect(await platform.stop('SIGINT')).toEqual({ exitCode: 0 });

    const refused = await run('develop/start.ts', ['--fresh'], given);
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      expect.stringContaining('never the one that DATABASE_URL names'),
    ]);
  } finally {
    await cluster.query(`drop database ${database} with (force)`);
    await cluster.end();
  }
}, 60_000);
