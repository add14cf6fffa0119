import { DatabaseError } from 'pg';
import { describe, expect, test } from 'vitest';
import { AwsRefused } from '#platform/aws/call.ts';
import { InvalidInput, NotFound, Unavailable } from '#platform/errors.ts';
import { JobFailed } from '#platform/job.ts';
import { noted } from '#platform/postgres/connection-failures.ts';
import { CommandError, describeFailure, failureText, UsageError } from './failure.ts';

/** Every class of failure, as the user sees it. failure.test.ts has the answers of a real server. */

/** An error as `pg` creates it. */
function sqlError(code: string, more: { detail?: string; hint?: string } = {}) {
  return Object.assign(new DatabaseError('no', 2, 'error'), { code, severity: 'ERROR', ...more });
}

describe('an answer of Postgres', () => {
  const noSchema = 'The database has no Stockade schema, or an older one: run `npm run migrate:all` first.';

  test.each([
    [
      '25006',
      'The database is read-only: closed before a cut-over, or a standby. See docs/DISASTER_RECOVERY.md, "A bad migration".',
    ],
    ['28000', 'Check the user in the database URL.'],
    ['28P01', 'Check the password in the database URL.'],
    ['3D000', 'Check the database name in the URL, or create the database first.'],
    ['3F000', 'The database has no Stockade schema yet: run `npm run migrate:all` first.'],
    ['42501', 'Connect as a user with this permission: the one that runs the migrations.'],
    ['42P01', noSchema],
    ['42883', noSchema],
    ['53000', undefined],
    ['53100', 'The disk of the database server is full: increase its storage, then run again.'],
    ['53200', 'The database server is out of memory: run again later, or increase it.'],
    ['53300', 'The server has no connection left: try again, or increase max_connections.'],
    ['53400', 'The work met a limit of the server, such as temp_file_limit: the message names it.'],
    ['57P01', 'The server ended the session: run again.'],
    ['57P02', 'The server crashed and is restarting: run again in a moment.'],
    ['57P03', 'The server is starting or stopping: try again in a moment.'],
    ['57P04', undefined],
    ['57P05', undefined],
    ['58030', 'The disk of the database server fails: look at the server, then run again.'],
    ['SK201', undefined],
  ])('%s is shown with its remedy, and is not a bug', (code, remedy) => {
    expect(describeFailure(sqlError(code))).toEqual({
      message: `no [SQLSTATE ${code}]`,
      remedy,
      code,
      stack: undefined,
    });
  });

  test('has its detail in the message, and a hint as remedy where there is no other', () => {
    expect(describeFailure(sqlError('SK201', { detail: 'why', hint: 'do this' }))).toEqual({
      message: 'no (why) [SQLSTATE SK201]',
      remedy: 'do this',
      code: 'SK201',
      stack: undefined,
    });
    expect(describeFailure(sqlError('28P01', { hint: 'do this' })).remedy).toBe(
      'Check the password in the database URL.',
    );
  });

  test.each(['22012', '23505', 'XX000', '40001'])('%s is a bug', (code) => {
    const error = sqlError(code);
    expect(describeFailure(error)).toEqual({
      message: `no [SQLSTATE ${code}]`,
      remedy: undefined,
      code,
      stack: error.stack,
    });
  });
});

describe('a connection that could not be opened', () => {
  const refused = (more: object) =>
    Object.assign(new Error('x'), { code: 'ECONNREFUSED', address: '10.0.0.1', port: 5432, ...more });
  const told = (place: string, code = 'ECONNREFUSED') => ({
    message: `cannot reach ${place}: is it running? (${code})`,
    code,
  });

  test.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'])(
    '%s says whom it was for',
    (code) => {
      expect(describeFailure(refused({ code }))).toEqual(told('the database at 10.0.0.1:5432', code));
    },
  );

  test('by name when there is no address, without a port when there is none, and to AWS when it was for AWS', () => {
    const named = refused({ address: undefined, hostname: 'db.example.com' });
    expect(describeFailure(named)).toEqual(told('the database at db.example.com:5432'));
    expect(describeFailure(refused({ port: undefined }))).toEqual(told('the database at 10.0.0.1'));
    expect(describeFailure(refused({ $metadata: {} }))).toEqual(told('10.0.0.1:5432'));
    const wrapped = Object.assign(new Error('y', { cause: refused({}) }), { $metadata: {} });
    expect(describeFailure(wrapped)).toEqual(told('10.0.0.1:5432'));
  });

  test('is found among those of several addresses; without any address it is a bug', () => {
    expect(describeFailure(new AggregateError([new Error('z'), refused({})]))).toEqual(
      told('the database at 10.0.0.1:5432'),
    );
    const nowhere = refused({ address: undefined });
    expect(describeFailure(nowhere)).toEqual({ message: 'x', stack: nowhere.stack });
  });

  test.each([
    [
      'timeout expired',
      'the database does not answer (timeout expired)',
      'Check the network, the VPN, the security group, and the port in the URL.',
    ],
    [
      'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string',
      'the database requires a password, and its URL has none (SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string)',
      'Write it as postgres://user:password@host:port/name, or set PGPASSWORD.',
    ],
    [
      'The server does not support SSL connections',
      'the database does not support TLS, and its URL requires it (The server does not support SSL connections)',
      'Remove sslmode from the URL, but only where nobody can read the traffic.',
    ],
  ])('%s', (words, message, remedy) => {
    expect(describeFailure(new Unavailable('later', new Error(words)))).toEqual({ message, remedy });
  });

  test.each([
    'SELF_SIGNED_CERT_IN_CHAIN',
    'CERT_HAS_EXPIRED',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ])('a certificate that is not trusted: %s', (code) => {
    expect(describeFailure(Object.assign(new Error('x'), { code }))).toEqual({
      message: 'the certificate of the server is not trusted (x)',
      remedy: 'Add sslrootcert=FILE to the URL. For RDS, FILE is global-bundle.pem from AWS.',
    });
  });

  test.each([
    ['by the words of pg', new Error('Connection terminated unexpectedly')],
    ['by the connection that failed', noted(Object.assign(new Error('x'), { code: 'EPIPE' }))],
    ['behind another', new Unavailable('later', new Error('Connection terminated'))],
  ])('one that is lost, %s', (_, error) => {
    expect(describeFailure(error)).toEqual({
      message: 'the connection to the database was lost while the command ran',
      remedy: 'Check that the server is up, and run again.',
      code: 'connection_lost',
    });
  });
});

test.each(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'])(
  '%s of any other connection is not the database’s, and no bug',
  (code) => {
    expect(describeFailure(Object.assign(new Error('x'), { code }))).toEqual({ message: 'x', code });
  },
);

describe('what AWS says', () => {
  const login =
    'Log in (aws sso login, or AWS_PROFILE), and set AWS_REGION to the region of the database. Locally, `npm start` must be running.';
  const forbidden =
    'Your AWS login may not make this call. docs/BACKUP_RECOVERY.md, "Before you need it", lists what it needs.';

  test.each([
    ['ExpiredToken', login],
    ['ExpiredTokenException', login],
    ['InvalidClientTokenId', login],
    ['UnrecognizedClientException', login],
    ['SignatureDoesNotMatch', login],
    ['InvalidAccessKeyId', login],
    ['AccessDenied', forbidden],
    ['UnauthorizedOperation', forbidden],
    ['NoSuchBucket', undefined],
    ['NotAccessDenied', undefined],
  ])('%s', (code, remedy) => {
    expect(describeFailure(new AwsRefused('S3 X', code, 'no', undefined))).toEqual({
      message: `S3 X was refused: ${code}: no`,
      remedy,
      code,
    });
  });

  test('and a request that could not be sent', () => {
    expect(describeFailure(new Error('x', { cause: new Error('Region is missing') }))).toEqual({
      message: 'cannot call AWS: Region is missing',
      remedy: login,
    });
  });
});

test('the failure of a job is that of its work', () => {
  const refused = new AwsRefused('S3 X', 'AccessDenied', 'no', undefined);
  expect(describeFailure(new JobFailed(refused))).toEqual(describeFailure(refused));
});

test('a refusal names each field, and a command what to do', () => {
  const errors = [
    { field: 'sku', message: 'is missing' },
    { field: 'lines[0]', message: 'is wrong' },
  ];
  expect(describeFailure(new InvalidInput('No.', errors))).toEqual({
    message: 'No.\n  sku: is missing\n  lines[0]: is wrong',
    code: 'invalid_input',
  });
  expect(describeFailure(new NotFound('item X'))).toEqual({
    message: 'There is no item X.',
    code: 'not_found',
  });
  expect(describeFailure(new CommandError('full', 'Make room.'))).toEqual({
    message: 'full',
    remedy: 'Make room.',
    code: undefined,
  });
  expect(describeFailure(new UsageError('both'))).toMatchObject({ message: 'both', remedy: undefined });
});

test.each([
  [{ message: 'm' }, 'error: m'],
  [{ message: 'm', remedy: 'r', code: 'c' }, 'error: m\n  r'],
  [{ message: 'm', stack: 's' }, 'error: m\n\nThis is a bug in Stockade:\ns'],
  [{ message: 'm', remedy: 'r', stack: 's' }, 'error: m\n  r\n\nThis is a bug in Stockade:\ns'],
])('%j as lines', (failure, text) => {
  expect(failureText(failure)).toBe(text);
});

test.each(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'])(
  'a file that fails with %s is for the user to fix, and a file that they never named is a bug',
  (code) => {
    const error = Object.assign(new Error('x'), { code, syscall: 'open', path: '/a' });
    expect(describeFailure(error)).toEqual({ message: 'x', code });
    const unasked = Object.assign(new Error('x'), { code });
    expect(describeFailure(unasked).stack).toBe(unasked.stack);
    const unnamed = Object.assign(new Error('x'), { code: 'EMFILE', syscall: 'open' });
    expect(describeFailure(unnamed).stack).toBe(unnamed.stack);
  },
);
