import { once } from 'node:events';
import { connect } from 'node:net';
import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { AwsRefused } from '#platform/aws-call.ts';
import { MissingSetting, NotFound, Unavailable } from '#platform/errors.ts';
import { MigrationError } from '#platform/migrations/migration-error.ts';
import { RecoveryRefused } from '#recovery/recovery-refused.ts';
import { CommandError, describeFailure, failureText } from './failure.ts';

async function failureOf(url: string, sql: string) {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(sql);
  } catch (error) {
    return describeFailure(error);
  } finally {
    await client.end();
  }
  throw new Error('nothing failed');
}

function withPart(part: 'pathname' | 'password', value: string): string {
  const url = new URL(inject('clusterUrl'));
  url[part] = value;
  return url.href;
}

test('a database that does not exist is named, without a stack', async () => {
  const failure = await failureOf(withPart('pathname', '/no_such'), 'select 1');
  expect(failure).toMatchObject({
    code: '3D000',
    message: expect.stringContaining('"no_such"'),
    stack: undefined,
  });
  expect(failure.remedy).toContain('database name');
});

test('a table that is not there points to the migrations', async () => {
  expect((await failureOf(inject('clusterUrl'), 'select * from tenancy.no_such')).remedy).toContain(
    'migrate:all',
  );
});

test('what Stockade raises on purpose is expected, another error of the database is a bug', async () => {
  const raise = (sqlstate: string) =>
    `do $$ begin raise exception 'no' using errcode = '${sqlstate}'; end $$`;
  expect((await failureOf(inject('clusterUrl'), raise('SK201'))).stack).toBeUndefined();
  expect((await failureOf(inject('clusterUrl'), raise('22012'))).stack).toContain('failure.test.ts');
});

test('a connection that is cut while a statement runs is no bug', async () => {
  const failure = await failureOf(inject('clusterUrl'), 'select pg_terminate_backend(pg_backend_pid())');
  expect(failure.stack).toBeUndefined();
  expect(failure.remedy).toContain('run again');
});

test('what AWS refuses, and what it cannot even be asked, is no bug and says what to do', () => {
  const unsigned = Object.assign(new Error('Could not load credentials from any providers'), {
    name: 'CredentialsProviderError',
  });
  const refused = (code: string) => new AwsRefused('RDS X', code, 'no', undefined);
  for (const [error, remedy] of [
    [unsigned, 'Log in'],
    [new Error('Region is missing'), 'Log in'],
    [refused('ExpiredToken'), 'Log in'],
    [refused('AccessDenied'), 'BACKUP_RECOVERY'],
    [new RecoveryRefused('No.', 'Do that.'), 'Do that.'],
  ] as const) {
    const failure = describeFailure(error);
    expect([failure.remedy, failure.stack]).toEqual([expect.stringContaining(remedy), undefined]);
  }
  expect(describeFailure(new RecoveryRefused('No.')).stack).toBeUndefined();
});

test('a server that does not answer is found behind the error that wraps it', async () => {
  const socket = connect({ path: '/nowhere/.s.PGSQL.1' });
  const [refused] = await once(socket, 'error');
  const failure = describeFailure(new Unavailable('The database does not answer: try again.', refused));
  expect(failure.message).toBe('cannot reach the database at /nowhere/.s.PGSQL.1: is it running? (ENOENT)');
});

test.each([
  new CommandError('full', 'Make room.'),
  new MissingSetting('X is not set'),
  new NotFound('item'),
  new MigrationError('changed', 'Restore it.'),
])('$name is an expected failure: no stack', (error) => {
  expect(describeFailure(error)).not.toHaveProperty('stack');
  expect(failureText(describeFailure(error))).not.toContain('bug');
});

test('everything else is a bug and shows its stack', () => {
  expect(describeFailure(new TypeError('x')).stack).toContain('failure.test.ts');
  expect(failureText(describeFailure('thrown'))).toContain('error: thrown\n\nThis is a bug');
});
