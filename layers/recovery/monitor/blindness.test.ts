import { expect, test } from 'vitest';
import { AwsRefused, AwsUnavailable } from '#platform/aws/call.ts';
import { MissingSetting, Unavailable } from '#platform/errors.ts';
import type { BlindReason } from './blindness.ts';
import { blindness, DatabaseUnreachable, NoSuchDatabase } from './blindness.ts';
import { once } from './once.ts';

const refused = (code: string) => new AwsRefused('RDS DescribeDBInstances', code, 'no', undefined);
const outage = (cause?: unknown) => new AwsUnavailable('RDS did not succeed', cause);
const failed = (name: string, more: object = {}) => Object.assign(new Error('x'), { name, ...more });
const answered = (httpStatusCode: number) => ({ $metadata: { httpStatusCode } });

test.each<[error: Error, reason: BlindReason]>([
  [new DatabaseUnreachable('gone'), 'database_unreachable'],
  [new NoSuchDatabase({ kind: 'instance', identifier: 'ledger' }), 'database_missing'],
  [new MissingSetting('X is not set'), 'not_configured'],
  [failed('CredentialsProviderError'), 'no_credentials'],
  [new Error('anything'), 'unexpected'],
  // The same code, from the connection to the database.
  [new Unavailable('The database was lost', failed('Error', { code: 'ECONNRESET' })), 'database_unreachable'],
  ...(
    ['AccessDenied', 'AuthorizationError', 'UnauthorizedOperation', 'KMSKeyNotAccessibleFault'] as const
  ).map((code) => [refused(code), 'permission_missing'] as [Error, BlindReason]),
  ...(
    [
      'ExpiredToken',
      'InvalidClientTokenId',
      'UnrecognizedClientException',
      'SignatureDoesNotMatch',
      'AuthFailure',
    ] as const
  ).map((code) => [refused(code), 'no_credentials'] as [Error, BlindReason]),
  ...(['Throttling', 'RequestLimitExceeded', 'TooManyRequestsException'] as const).map(
    (code) => [refused(code), 'throttled'] as [Error, BlindReason],
  ),
  [refused('InvalidDBInstanceState'), 'refused'],
  [refused('NotAnAccessDenied'), 'refused'],
  [outage(), 'unreachable'],
  [outage('a word'), 'unreachable'],
  [outage(failed('Error', { code: 'ECONNREFUSED' })), 'unreachable'],
  [outage(failed('Throttling', answered(400))), 'throttled'],
  [outage(failed('SlowDown', answered(429))), 'throttled'],
  [outage(failed('RequestLimitExceeded', answered(503))), 'throttled'],
  [outage(failed('TimeoutError')), 'timeout'],
  [outage(failed('RequestTimeout', answered(400))), 'timeout'],
  // A closed connection is not a slow one.
  [outage(failed('TimeoutError', { code: 'ECONNRESET' })), 'unreachable'],
  [outage(failed('TimeoutError', { code: 'EPIPE' })), 'unreachable'],
  [outage(failed('InternalFailure', answered(500))), 'failing'],
])('%s has the reason %s', (error, reason) => {
  expect(blindness(error).reason).toBe(reason);
});

test.each([
  [refused('AccessDenied'), 'Permission is missing: RDS DescribeDBInstances was refused: AccessDenied: no'],
  [outage(failed('Throttling', answered(400))), 'AWS is throttling: RDS did not succeed'],
  [outage(failed('TimeoutError')), 'There was no answer in time: RDS did not succeed'],
  [outage(), 'There was no connection: RDS did not succeed'],
  [outage(failed('X', answered(500))), 'AWS is failing: RDS did not succeed'],
  [failed('CredentialsProviderError'), 'There are no credentials that AWS accepts: x'],
  [refused('X'), 'AWS refused: RDS DescribeDBInstances was refused: X: no'],
  [new MissingSetting('X is not set'), 'A setting is missing: X is not set'],
  [new DatabaseUnreachable('gone'), 'The database could not be queried: gone'],
  [
    new NoSuchDatabase({ kind: 'cluster', identifier: 'ledger' }),
    'The database was not found: there is no cluster ledger in this region and account',
  ],
  ['a word', 'Something unexpected happened: a word'],
])('the summary gives the reason in words and the error (%#)', (error, words) => {
  expect(blindness(error).summary).toBe(`Could not run. ${words}`);
});

test('a reader that reads once asks once, even after a failure', async () => {
  let asked = 0;
  const fails = once(async () => {
    asked += 1;
    throw new Error(`failed ${asked}`);
  });
  expect(asked).toBe(0);
  await expect(fails()).rejects.toThrow('failed 1');
  await expect(fails()).rejects.toThrow('failed 1');
  expect(asked).toBe(1);
});
