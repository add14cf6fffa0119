import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as rds from '@aws-sdk/client-rds';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import type { PlatformFile } from '#scripts/cli/database/database-url.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { makeScratchFolder } from '#scripts/local/postgres/scratch-folder.ts';
import { prepareData } from './prepared-data.ts';
import { startPlatform } from './run.ts';

let data: string;

beforeAll(async () => {
  data = makeScratchFolder('local-rds');
  await prepareData(data);
});
afterAll(() => rm(data, { recursive: true, force: true }));

async function openPlatform() {
  const platform = await startPlatform(['--no-schedules', '--data', data]);
  const note: PlatformFile = JSON.parse(await readFile(join(data, 'platform.json'), 'utf8'));
  const aws = note.aws ?? {};
  const client = new rds.RDSClient({
    endpoint: aws.AWS_ENDPOINT_URL_RDS ?? '',
    region: aws.AWS_REGION ?? '',
    credentials: {
      accessKeyId: aws.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: aws.AWS_SECRET_ACCESS_KEY ?? '',
    },
  });
  return { platform, client, adminUrl: note.adminUrl, instance: aws[environment.dbInstanceIdentifier] ?? '' };
}

async function stockOf(url: string): Promise<number> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ lines: number }>(
      'select count(*)::int as lines from inventory.movements',
    );
    return rows[0]?.lines ?? 0;
  } finally {
    await client.end();
  }
}

test('the database of npm start is backed up by itself, and comes back as another instance, also after kill -9', async () => {
  const first = await openPlatform();
  const backups = async () => {
    const command = new rds.DescribeDBInstanceAutomatedBackupsCommand({
      DBInstanceIdentifier: first.instance,
    });
    return (await first.client.send(command)).DBInstanceAutomatedBackups?.[0]?.Status;
  };
  await expect.poll(backups, { timeout: 30_000 }).toBe('active');
  const restored = { DBInstanceIdentifier: 'restored' };
  await first.client.send(
    new rds.RestoreDBInstanceToPointInTimeCommand({
      SourceDBInstanceIdentifier: first.instance,
      TargetDBInstanceIdentifier: 'restored',
      UseLatestRestorableTime: true,
      BackupRetentionPeriod: 0,
    }),
  );
  const waiting = { maxWaitTime: 60, minDelay: 1, maxDelay: 1 };
  await rds.waitUntilDBInstanceAvailable({ ...waiting, client: first.client }, restored);
  first.client.destroy();
  await first.platform.stop('SIGKILL');

  const second = await openPlatform();
  await rds.waitUntilDBInstanceAvailable({ ...waiting, client: second.client }, restored);
  const { DBInstances } = await second.client.send(new rds.DescribeDBInstancesCommand(restored));
  const { Address, Port } = DBInstances?.[0]?.Endpoint ?? {};
  const inRestored = (url: string) => Object.assign(new URL(url), { host: `${Address}:${Port}` }).href;
  expect(await stockOf(inRestored(second.adminUrl))).toBe(await stockOf(second.adminUrl));
  // The passwords of the roles are those of the original.
  const asJobs = stockOf(inRestored(loginUrl(second.adminUrl, 'stockade_jobs')));
  await expect(asJobs).resolves.toBe(0);
  second.client.destroy();
  expect(await second.platform.stop('SIGINT')).toEqual({ exitCode: 0 });
  await expect(stockOf(inRestored(second.adminUrl))).rejects.toThrow(/ECONNREFUSED/);
}, 120_000);
