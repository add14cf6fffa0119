import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { publishAlert } from '#platform/aws/alerts.ts';
import { closeAwsClients } from '#platform/aws/call.ts';
import { putEvidence, readEvidence } from '#platform/aws/evidence.ts';
import { environment } from '#platform/environment.ts';
import { blindness } from '#recovery/monitor/blindness.ts';
import { describeInstance } from '#recovery/rds/rds.ts';
import { withClient } from '#schema/migrations/migrate.ts';
import { withRole } from '#scripts/cli/database/connect.ts';
import { describeFailure } from '#scripts/cli/failure.ts';

/** What becomes of a connection: its error has the same code for every service at the other end. */
type Cut = (socket: Socket) => void;
const reset: Cut = (socket) => void socket.resetAndDestroy();
const end: Cut = (socket) => void socket.destroy();

let cut: Cut = reset;
/** Hands over the bytes of a connection of the database until one holds `select 'cut'`; cuts the other connections at once. */
const server = createServer((socket) => {
  const { hostname, port } = new URL(inject('clusterUrl'));
  const behind = connect(Number(port), hostname).on('error', () => {});
  socket.on('error', () => behind.destroy()).on('close', () => behind.destroy());
  behind.on('close', () => socket.destroy());
  behind.pipe(socket);
  socket.on('data', (bytes) => {
    if (/select 'cut'|HTTP\/1\.1/.test(bytes.toString('latin1'))) cut(socket);
    else behind.write(bytes);
  });
});
let place: string;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AWS_ENDPOINT_URL_S3: `http://${place}`,
    AWS_ENDPOINT_URL_SNS: `http://${place}`,
    AWS_ENDPOINT_URL_RDS: `http://${place}`,
    [environment.evidenceBucket]: 'evidence',
    [environment.evidenceRetentionDays]: '1',
    [environment.alertTopicArn]: 'arn:aws:sns:eu-central-1:000000000000:alerts',
    [environment.stage]: 'test',
  });
});
afterEach(closeAwsClients);
afterAll(() => void server.close());

const failureOf = async (work: () => Promise<unknown>) => {
  const error = await work().catch((thrown: unknown) => thrown);
  return { error, failure: describeFailure(error) };
};

const alert = {
  ...{ name: 'Test', severity: 'warning', summary: 's', detail: 'd', runbook: 'r', facts: {} },
} as unknown as Parameters<typeof publishAlert>[0];

describe.each([
  ['reset', reset],
  ['ended', end],
])('a connection that is %s', (_, way) => {
  test.each<[string, () => Promise<unknown>]>([
    ['S3 PutObject to s3://evidence/k', () => putEvidence('k', 'x')],
    ['S3 ListObjectVersions of s3://evidence/k', () => readEvidence('k')],
    ['SNS Publish of Test', () => publishAlert(alert)],
    ['RDS DescribeDBInstances', () => describeInstance('ledger')],
  ])('to AWS is reported as the call that it was: %s', async (operation, call) => {
    cut = way;
    const { error, failure } = await failureOf(call);
    expect(failure).toEqual({
      message: expect.stringContaining(operation),
      remedy: 'AWS may answer later: run again.',
      code: 'unavailable',
    });
    expect(failure.message).not.toContain('database was lost');
    expect(blindness(error).reason).toBe('unreachable');
  });

  test.each<[string, (url: string) => Promise<unknown>]>([
    ['a command', (url) => withRole(url, 'stockade_jobs', (jobs) => jobs.query("select 'cut'"))],
    [
      'the migrations',
      (url) => withClient({ connectionString: url, directory: '' }, (db) => db.query("select 'cut'")),
    ],
  ])('to the database of %s is reported as the database’s', async (__, work) => {
    cut = way;
    const url = new URL(inject('clusterUrl'));
    url.host = place;
    const { failure } = await failureOf(() => work(url.href));
    expect(failure).toEqual({
      message: 'the connection to the database was lost while the command ran',
      remedy: 'Check that the server is up, and run again.',
      code: 'connection_lost',
    });
  });
});
