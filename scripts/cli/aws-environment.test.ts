import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { localAwsEnvironment } from './aws-environment.ts';

let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'stockade-platform-'));
});
afterEach(() => rm(data, { recursive: true }));

const aws = { AWS_ENDPOINT_URL_SNS: 'http://127.0.0.1:1', STOCKADE_ALERT_TOPIC_ARN: 'arn' };
const adminUrl = 'postgres://postgres:x@127.0.0.1:5/stockade';
const run = () => writeFile(join(data, 'platform.json'), JSON.stringify({ pid: process.pid, adminUrl, aws }));
const options = (databaseUrl?: string) => ({ databaseUrl, data });

test('a command on the database of the platform gets its S3 and SNS, however the database was found', async () => {
  await run();
  expect(await localAwsEnvironment(options(), {})).toEqual(aws);
  expect(await localAwsEnvironment(options(adminUrl), {})).toEqual(aws);
  expect(await localAwsEnvironment(options(), { DATABASE_URL: adminUrl })).toEqual(aws);
});

test('a command on another database does not, nor one whose environment names a topic or a bucket', async () => {
  await run();
  expect(await localAwsEnvironment(options('postgres://elsewhere/stockade'), {})).toEqual({});
  expect(await localAwsEnvironment(options(adminUrl.replace('/stockade', '/other')), {})).toEqual({});
  expect(await localAwsEnvironment(options(), { STOCKADE_ALERT_TOPIC_ARN: 'arn:aws:sns:x' })).toEqual({});
  expect(await localAwsEnvironment(options(), { STOCKADE_EVIDENCE_BUCKET: 'evidence' })).toEqual({});
});

test('when nothing runs, a named database has none and the rest says how to start it', async () => {
  expect(await localAwsEnvironment(options(adminUrl), {})).toEqual({});
  await expect(localAwsEnvironment(options(), {})).rejects.toMatchObject({
    remedy: expect.stringContaining('npm start'),
  });
});
