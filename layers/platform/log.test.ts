import { once } from 'node:events';
import { PutObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import * as z from 'zod';
import { AwsRefused, callAws } from './aws/call.ts';
import { InvalidInput, MissingSetting, Problem, Unavailable } from './errors.ts';
import { JobFailed } from './job.ts';
import { log } from './log.ts';
import { errorText, loggable, loggableReason } from './loggable.ts';
import { createPool } from './postgres/database.ts';

/** A part of every value that must not reach the log. */
const secret = 'S3CRET';

let lines: string[] = [];
const write = (line: string) => void lines.push(line);
const out = Reflect.get(log, 'console') as Console;
const spies = [vi.spyOn(out, 'error'), vi.spyOn(out, 'warn'), vi.spyOn(out, 'info')];
for (const spy of spies) spy.mockImplementation(write);
const level = log.getLevelName();
log.setLogLevel('INFO');

let client: pg.Client;
beforeAll(async () => {
  client = new pg.Client(inject('clusterUrl'));
  await client.connect();
  await client.query('create temp table kept (name text unique check (name <> $$S3CRET 2$$))');
  await client.query(`insert into kept values ('${secret}')`);
});
afterAll(async () => {
  await client.end();
  for (const spy of spies) spy.mockRestore();
  log.setLogLevel(level);
});

/** The lines of the log that `work` causes. */
async function logged(work: () => unknown): Promise<string> {
  lines = [];
  await work();
  return lines.join('\n');
}

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const refusedBy = (sql: string) => thrownBy(() => client.query(sql));
const s3 = (more: S3ClientConfig) =>
  new S3Client({
    endpoint: 'http://127.0.0.1:1',
    region: 'eu-west-1',
    maxAttempts: 1,
    credentials: { accessKeyId: `${secret}-id`, secretAccessKey: secret },
    ...more,
  });
const put = { Bucket: 'b', Key: 'k', Body: secret };

function circular(): Error {
  const error = Object.assign(new Error('round'), { self: undefined as unknown });
  error.self = error;
  error.cause = new Error('and back', { cause: error });
  return error;
}

function configured(): Error {
  const connectionString = `postgres://me:${secret}@host/name`;
  return Object.assign(new Error(`cannot connect to ${connectionString}`), {
    client: { secretKey: secret, connectionParameters: { password: secret } },
    password: secret,
    connectionString,
    config: { connectionString },
    headers: { authorization: `Bearer ${secret}` },
    toJSON: () => ({ password: secret }),
  });
}

const errors: readonly [what: string, thrown: () => unknown, shown: RegExp][] = [
  [
    'a row that is there already',
    () => refusedBy(`insert into kept values ('${secret}')`),
    /"23505".*kept_name_key/,
  ],
  [
    'a row that breaks a rule',
    () => refusedBy(`insert into kept values ('${secret} 2')`),
    /"23514".*kept_name_check/,
  ],
  [
    'a function that says where it was',
    () => refusedBy(`do $$ declare v text := '${secret}'; begin execute format('select 1/0, %L', v); end $$`),
    /"22012"/,
  ],
  ['a connection that carries its settings', configured, /cannot connect to postgres:\/\/me:…@host\/name/],
  ['a URL that is none', () => thrownBy(() => new URL(`postgres://me:${secret}@host:x/`)), /ERR_INVALID_URL/],
  [
    'AWS that does not answer',
    () => thrownBy(() => callAws('S3 PutObject', () => s3({}).send(new PutObjectCommand(put)))),
    /S3 PutObject did not succeed: ECONNREFUSED/,
  ],
  [
    'an answer of AWS',
    () =>
      Object.assign(new Error('Access Denied'), {
        name: 'AccessDenied',
        $metadata: { httpStatusCode: 403, requestId: 'r-1', cfId: secret },
        $response: { headers: { 'set-cookie': secret }, body: secret },
        request: { headers: { authorization: secret } },
      }),
    /"AccessDenied".*"httpStatusCode":403,"requestId":"r-1"/,
  ],
  ['a refusal of AWS', () => new AwsRefused('S3 X', 'AccessDenied', 'no', configured()), /S3 X was refused/],
  [
    'a value of the wrong form',
    () => thrownBy(() => z.object({ name: z.uuid(), n: z.number() }).parse({ name: secret, n: secret })),
    /ZodError.*invalid_format/,
  ],
  [
    'several errors',
    () => new AggregateError([configured(), new Error('second', { cause: configured() })], 'two failed'),
    /two failed.*cannot connect.*second.*cannot connect/,
  ],
  [
    'a chain of causes',
    () => new Unavailable('Later.', new Error('first', { cause: configured() })),
    /Later\..*first.*cannot connect/,
  ],
  ['an error that is its own cause', circular, /round.*and back.*\[circular\]/],
  [
    'a problem',
    () => new Problem('x', 409, 'No.', { extra: { lines: [secret] } }),
    /"x","status":409|"status":409/,
  ],
  ['wrong input', () => new InvalidInput('No.', [{ field: 'a', message: secret }]), /invalid_input/],
  ['a missing setting', () => new MissingSetting('X is not set'), /X is not set/],
  ['the failure of a job', () => new JobFailed(configured()), /cannot connect/],
  ['an object that is no error', () => ({ password: secret, code: 'E1' }), /E1/],
  ['an object of a class', () => client, /"error":\{?/],
  ['a text', () => `postgres://me:${secret}@host`, /postgres:\/\/me:…@host/],
];

test.each(errors)('%s is logged without what it carries', async (_, thrown, shown) => {
  const error = await thrown();
  const line = await logged(() => {
    log.error('it failed', { error });
    log.warn('it failed deeper', { at: { error, list: error instanceof Error ? [error] : [] } });
    if (error instanceof Error) log.error('it failed alone', error);
  });
  expect(line).toMatch(shown);
  expect(line).not.toContain(secret);
  expect(errorText(error)).not.toContain(secret);
  for (const each of line.split('\n')) expect(JSON.parse(each)).toMatchObject({ service: 'stockade' });
});

test('an idle connection that is lost is logged without the key of its session', async () => {
  const pool = createPool({ url: inject('clusterUrl'), maxConnections: 1, deadlineMs: 5_000 });
  const taken = await pool.connect();
  const { rows } = await taken.query('select pg_backend_pid() as pid');
  const { secretKey } = taken as unknown as { secretKey: number };
  taken.release();
  const line = await logged(async () => {
    const lost = once(pool, 'error');
    await client.query('select pg_terminate_backend($1)', [rows[0].pid]);
    await lost;
  });
  expect(JSON.parse(line)).toMatchObject({
    message: 'an idle database connection was lost',
    error: { code: '57P01', severity: 'FATAL' },
  });
  expect(line).not.toMatch(/secretKey|connectionParameters|_events/);
  expect(line).not.toContain(String(secretKey));
  await pool.end();
});

test('what Lambda itself logs of the failure of a job has no field of the error', async () => {
  const failed = new JobFailed(await refusedBy(`insert into kept values ('${secret}')`));
  // As Lambda's runtime does it: with every enumerable field.
  const written = JSON.stringify({
    errorType: failed.name,
    errorMessage: failed.message,
    ...failed,
    stack: failed.stack,
  });
  expect(written).not.toContain(secret);
  expect(JSON.parse(written)).toEqual({
    errorType: 'error',
    errorMessage: 'duplicate key value violates unique constraint "kept_name_key"',
    stack: expect.stringContaining('"code":"23505"'),
  });
});

test('plain data is copied; an object of a class is only named; nothing is too long or too deep', () => {
  const at = new Date(0);
  expect(
    loggable({ a: 1n, b: [true, null, undefined], at, buffer: Buffer.from(secret), f: () => 1 }),
  ).toEqual({
    ...{ a: '1', b: [true, null, null], at: '1970-01-01T00:00:00.000Z', buffer: '[Buffer]', f: undefined },
  });
  let deep: unknown = secret;
  for (let level = 0; level < 20; level += 1) deep = { deep };
  expect(JSON.stringify(loggable(deep))).toMatch(/^(\{"deep":){8}"\[…\]"\}{8}$/);
  expect(loggable('x'.repeat(5_000))).toHaveLength(4_001);
  const key = ['sk', 'live', '0123456789ab', 'abcdef'].join('_');
  expect(loggable(`${key} password=${secret} token="${secret} x"`)).toBe(
    'sk_live_0123456789ab_… password=… token=…',
  );
});

test('a reason has no stack, and neither have its causes', () => {
  const reason = loggableReason(new Error('a', { cause: new AggregateError([new Error('b')], 'c') }));
  expect(reason).toEqual({
    name: 'Error',
    message: 'a',
    cause: { name: 'AggregateError', message: 'c', errors: [{ name: 'Error', message: 'b' }] },
  });
});
