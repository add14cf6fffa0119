import { once } from 'node:events';
import { connect } from 'node:net';
import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { AwsRefused } from '#platform/aws/call.ts';
import { MissingSetting, NotFound, Unavailable } from '#platform/errors.ts';
import { RecoveryRefused } from '#recovery/recovery-refused.ts';
import { MigrationError } from '#schema/migration-error.ts';
import { StartFailure } from '../local/postgres/failure.ts';
import { withRole } from './database/connect.ts';
import { CommandError, describeFailure, failureText, withoutPasswords } from './failure.ts';

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

test('a server that requires a password is not a bug, and no connection stays open', async () => {
  const sockets = () => process.getActiveResourcesInfo().filter((each) => each === 'TCPSocketWrap').length;
  const before = sockets();
  const failure = await withRole(withPart('password', ''), 'stockade_jobs', async () => {}).catch(
    describeFailure,
  );
  expect(failure).toMatchObject({ message: expect.stringContaining('requires a password') });
  expect(failure).not.toHaveProperty('stack');
  await expect.poll(sockets).toBe(before);
});

test('a server without TLS, one that is not trusted and one that is silent are not bugs', async () => {
  expect(await failureOf(`${inject('clusterUrl')}?sslmode=verify-full`, 'select')).toMatchObject({
    message: expect.stringContaining('does not support TLS'),
    remedy: expect.stringContaining('sslmode'),
  });
  const untrusted = Object.assign(new Error('self-signed certificate in certificate chain'), {
    code: 'SELF_SIGNED_CERT_IN_CHAIN',
  });
  expect(describeFailure(untrusted)).toMatchObject({ remedy: expect.stringContaining('sslrootcert') });
  for (const words of ['timeout expired', 'Connection terminated due to connection timeout'])
    expect(describeFailure(new Error(words)).message).toContain('does not answer');
});

test('a printed failure has no password of a URL', () => {
  const url = 'mysql://me:s:e@c/ret@host:1/name';
  const told = withoutPasswords({ message: `'${url}' is invalid`, remedy: url, stack: url });
  expect(JSON.stringify(told)).not.toMatch(/s:e|c\/ret/);
  expect(told.message).toBe("'mysql://me:…@host:1/name' is invalid");
  const harmless = { message: 'see https://host:1/a for me@host' };
  expect(withoutPasswords(harmless).message).toBe(harmless.message);
});

test('a folder that may not be written, a full disk and a typed path that is not there are not bugs', () => {
  const ofFile = (code: string, path: string) =>
    describeFailure(Object.assign(new Error(`${code}: mkdir '${path}'`), { code, path, syscall: 'mkdir' }));
  for (const code of ['EACCES', 'EROFS', 'ENOSPC']) expect(ofFile(code, '/somewhere').stack).toBeUndefined();
  expect(ofFile('ENOENT', '/our/own').stack).toMatch(/^Error: ENOENT: mkdir '\/our\/own'\n {4}at /);
  process.argv.push('--keep=/typed/folder');
  try {
    expect(ofFile('ENOENT', '/typed/folder').stack).toBeUndefined();
  } finally {
    process.argv.pop();
  }
});

test('a platform that cannot start on its folder says why, without a stack', () => {
  expect(describeFailure(new StartFailure('another Stockade is running on it'))).toMatchObject({
    message: 'another Stockade is running on it',
  });
  expect(describeFailure(new StartFailure('no'))).not.toHaveProperty('stack');
});
