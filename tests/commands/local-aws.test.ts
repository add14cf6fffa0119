import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { asSuperuser } from '../prove/clone.ts';
import { startPlatform } from './run.ts';

const runFile = promisify(execFile);
const database = 'local_aws_database';
let data: string;
let cluster: Client;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'stockade-local-aws-'));
  cluster = new Client(inject('clusterUrl'));
  await cluster.connect();
  await cluster.query(`create database ${database} template ${inject('templateDatabase')}`);
});
afterAll(async () => {
  await cluster.query(`drop database if exists ${database} with (force)`);
  await cluster.end();
  await rm(data, { recursive: true, force: true });
});

async function receivedProbes() {
  const url = new URL(inject('clusterUrl'));
  url.pathname = database;
  return await asSuperuser(url.href, async (superuser) => {
    const { rows } = await superuser.query(
      'select received_at is not null as received from recovery.alert_probes',
    );
    return rows;
  });
}

test('what a command in another terminal publishes is printed, and the evidence it keeps outlives both', async () => {
  const url = new URL(inject('clusterUrl'));
  url.pathname = database;
  const from = (file: string) => JSON.stringify(pathToFileURL(join(paths.root, file)).href);
  const command = join(data, 'command.ts');
  await writeFile(
    command,
    `import { publishAlert } from ${from('layers/platform/aws/alerts.ts')};
     import { putEvidence, readEvidence } from ${from('layers/platform/aws/evidence.ts')};
     import { sendAlertProbe } from ${from('layers/recovery/monitor/alert-probe.ts')};
     import { recoveryPolicy } from ${from('layers/recovery/policy.ts')};
     import { withRole } from ${from('scripts/cli/database/connect.ts')};
     import { useLocalAws } from ${from('scripts/cli/aws-environment.ts')};
     await useLocalAws({ databaseUrl: undefined, data: ${JSON.stringify(data)} });
     await putEvidence('seals/1.json', '{}');
     await publishAlert({
       name: 'BalanceDiscrepancy', severity: 'critical', summary: 'one is wrong', detail: 'stored 2, computed 1',
       runbook: 'docs/runbook/balance-discrepancy.md', facts: { keys: 1 },
     });
     await withRole(process.env.DATABASE_URL, 'stockade_jobs', (jobs) => sendAlertProbe(jobs, recoveryPolicy, new Date()));
     process.stdout.write(Buffer.from(await readEvidence('seals/1.json') ?? ''));`,
  );
  const given = { DATABASE_URL: url.href };
  // A person's own AWS must not get in the way, nor be reached.
  const own = {
    AWS_PROFILE: 'work',
    AWS_REGION: 'us-east-1',
    AWS_SESSION_TOKEN: 'x',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9',
  };
  const asCommand = () =>
    runFile(process.execPath, [command], { env: { ...process.env, ...own, ...given }, cwd: paths.root });

  const first = await startPlatform(['--no-schedules', '--data', data], { ...given, ...own });
  expect((await asCommand()).stdout).toBe('{}');
  await expect
    .poll(() => first.output(), { timeout: 10_000 })
    .toMatch(/│ ALERT critical: BalanceDiscrepancy\n│ one is wrong\n│ \n│ stored 2, computed 1\n/);
  await expect.poll(receivedProbes, { timeout: 10_000 }).toEqual([{ received: true }]);
  expect((await readFile(join(data, 'platform.json'), 'utf8')).includes('AWS_ENDPOINT_URL_SNS')).toBe(true);
  await first.stop('SIGKILL');

  const second = await startPlatform(['--no-schedules', '--data', data], given);
  expect((await asCommand()).stdout).toBe('{}');
  expect(await second.stop('SIGINT')).toEqual({ exitCode: 0 });
}, 60_000);
