import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { run } from './run.ts';

const wholeNumber = (range: string) => `It must be a whole number from ${range}.`;

// The bounds that an option has are those that it says it has: scripts/cli/option.test.ts.
describe('an option says what it may be', () => {
  test.each([
    ['start.ts', '--port', '0', wholeNumber('1 to 65535')],
    ['start.ts', '--snapshot-hours', '0', wholeNumber('1 to 840')],
    ['start.ts', '--archive-seconds', '0', wholeNumber('1 to 3600')],
    ['start.ts', '--retention-days', '-1', wholeNumber('0 to 35')],
    ['backfill-balances.ts', '--batch', '0', wholeNumber('1 to 10000')],
    ['import.ts', '--batch-lines', '0', wholeNumber('1 to 50000')],
    ['security-events.ts', '--most', '0', wholeNumber('1 to 100000')],
    ['prove-isolation.ts', '--runs', '0', wholeNumber('1 to 100000')],
    ['prove-isolation.ts', '--seed', 'x', wholeNumber('-2147483648 to 2147483647')],
    ['prove-tests.ts', '--count', '0', wholeNumber('5 to 20000')],
    ['prove-tests.ts', '--seed', '-1', wholeNumber('0 to 1000000')],
    ['prove-tests.ts', '--workers', '0', wholeNumber('1 to 64')],
    ['prove-tests.ts', '--patience', '0s', 'It must be at least 1s.'],
    ['migrate-all.ts', '--lock-timeout', '0s', 'It must be at least 1ms.'],
    ['migrate-all.ts', '--lock-timeout', '2h', 'It must be at most 1h.'],
    ['keys-create.ts', '--expires', '0s', 'It must be at least 1s.'],
    ['keys-create.ts', '--expires', '40000d', 'It must be at most 36500d.'],
    ['token.ts', '--lifetime', '0s', 'It must be at least 1s.'],
    ['token.ts', '--lifetime', '40000d', 'It must be at most 36500d.'],
  ])('%s %s=%s', async (script, flag, value, expected) => {
    const { exitCode, stderr } = await run(script, [`${flag}=${value}`]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`'${value}' is invalid. ${expected}`)]);
  });
});

test.each([
  ['start.ts', { '--snapshot-hours': '24', '--archive-seconds': '60' }],
  ['backfill-balances.ts', { '--batch': '200', '--throttle': '0ms' }],
  ['import.ts', { '--batch-lines': '5000' }],
  ['security-events.ts', { '--since': '7d', '--most': '100' }],
  ['prove-isolation.ts', { '--runs': '100' }],
  ['prove-reconciliation.ts', { '--load': '0ms' }],
  ['prove-tests.ts', { '--count': '300', '--seed': '1', '--workers': '2', '--patience': '10m' }],
  ['migrate-all.ts', { '--lock-timeout': '200ms', '--turn-wait': '1m' }],
  ['token.ts', { '--lifetime': '8h' }],
])('%s --help says what an option is that is not given', async (script, defaults) => {
  const { exitCode, stdout } = await run(script, ['--help']);
  expect(exitCode).toBe(0);
  const help = stdout.replace(/\s+/g, ' ');
  for (const [flag, value] of Object.entries(defaults)) {
    expect(help).toMatch(new RegExp(`${flag} <[^>]*> [^<]*?\\(default: ${value}\\)`));
  }
});

test('start.ts --fresh deletes no database that DATABASE_URL names', async () => {
  const { exitCode, stderr } = await run('start.ts', ['--fresh'], {
    DATABASE_URL: 'postgres://127.0.0.1:1/theirs',
  });
  expect([exitCode, stderr]).toEqual([
    2,
    expect.stringContaining(
      '--fresh deletes a database, and DATABASE_URL names one that is not ours to delete',
    ),
  ]);
});

describe('beside a platform whose note cannot be read', () => {
  let data: string;
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'stockade-unread-'));
    await mkdir(join(data, 'platform.json'));
  });
  afterAll(() => rm(data, { recursive: true }));

  // Otherwise it would be done and nobody alerted, or nothing anchored.
  test.each([
    ['seal.ts', '--org', 'acme'],
    ['verify-ledger.ts'],
    ['reconcile-balances.ts'],
    ['monitor-backups.ts', '--alert'],
    ['verify-backup.ts'],
    ['restore.ts', '--at', '2026-03-01T09:30:00Z', '--to', 'beside'],
    ['restore-org.ts', '--org', 'acme', '--at', '2026-03-01T09:30:00Z', '--yes'],
  ])('%s begins nothing', async (script, ...args) => {
    const { exitCode, stdout, stderr } = await run(script, ['--data', data, ...args], {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
      [environment.alertTopicArn]: '',
      [environment.evidenceBucket]: '',
    });
    expect([exitCode, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^error: EISDIR\b/)]);
  });
});
