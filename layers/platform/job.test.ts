import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { AwsUnavailable } from './aws/call.ts';
import { type JobFailed, job } from './job.ts';

const sqlError = (code: string) =>
  Object.assign(new DatabaseError('no', 2, 'error'), { code, severity: 'ERROR', detail: 'Key (a)=(S3CRET)' });

async function failureOf(error: unknown): Promise<JobFailed> {
  const failing = job(async () => {
    throw error;
  });
  return (await failing().catch((failure: unknown) => failure)) as JobFailed;
}

test('a job that succeeds is left alone, whatever it is given', async () => {
  expect(await job(async (a: number, b: number) => a + b)(1, 2)).toBe(3);
});

test.each([
  [sqlError('53100'), 'Unavailable: The disk of the database is full: try again. (53100: no)'],
  [
    new AwsUnavailable('S3 did not succeed: ECONNRESET: x'),
    'AwsUnavailable: S3 did not succeed: ECONNRESET: x',
  ],
])('an outage is one line: %s', async (error, line) => {
  const failed = await failureOf(error);
  expect([failed.stack, `${failed.name}: ${failed.message}`]).toEqual([line, line]);
  expect(failed.original).toBe(error);
});

test('any other failure has its stack and causes, and no field but its code', async () => {
  const failed = await failureOf(new Error('x', { cause: sqlError('23505') }));
  expect(failed.stack).toMatch(/^Error: x\n {4}at .*caused by: error: no\n {4}at .*"code":"23505"/s);
  expect([failed.name, failed.message, Object.keys(failed)]).toEqual(['Error', 'x', []]);
  expect(failed.stack).not.toContain('S3CRET');
});

test('what is thrown need not be an error', async () => {
  expect([(await failureOf('a text')).message, (await failureOf(undefined)).message]).toEqual([
    'a text',
    'undefined',
  ]);
});

test('every function that no caller waits for is a job', () => {
  const folder = join(paths.root, 'functions/jobs');
  const others = readdirSync(folder).filter(
    (file) => !readFileSync(join(folder, file), 'utf8').includes('export const handler = job('),
  );
  expect(others).toEqual([]);
});
