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
    ['develop/start.ts', '--port', '0', wholeNumber('1 to 65535')],
    ['develop/start.ts', '--snapshot-hours', '0', wholeNumber('1 to 840')],
    ['develop/start.ts', '--archive-seconds', '0', wholeNumber('1 to 3600')],
    ['develop/start.ts', '--retention-days', '-1', wholeNumber('0 to 35')],
    ['ledger/backfill-balances.ts', '--batch', '0', wholeNumber('1 to 10000')],
    ['ledger/import.ts', '--batch-lines', '0', wholeNumber('1 to 50000')],
    ['org/security-events.ts', '--most', '0', wholeNumber('1 to 100000')],
    ['develop/prove-isolation.ts', '--runs', '0', wholeNumber('1 to 100000')],
    ['develop/prove-isolation.ts', '--seed', 'x', wholeNumber('-2147483648 to 2147483647')],
    ['develop/prove-tests.ts', '--count', '0', wholeNumber('5 to 20000')],
    ['develop/prove-tests.ts', '--seed', '-1', wholeNumber('0 to 1000000')],
    ['develop/prove-tests.ts', '--workers', '0', wholeNumber('1 to 64')],
    ['develop/prove-tests.ts', '--patience', '0s', 'It must be at least 1s.'],
    ['migrate/all.ts', '--lock-timeout', '0s', 'It must be at least 1ms.'],
    ['migrate/all.ts', '--lock-timeout', '2h', 'It must be at most 1h.'],
    ['migrate/all.ts', '--batch-time', '0ms', 'It must be at least 1ms.'],
    ['migrate/all.ts', '--batch-rows', '0', wholeNumber('1 to 1000000')],
    ['keys/create.ts', '--expires', '0s', 'It must be at least 1s.'],
    ['keys/create.ts', '--expires', '40000d', 'It must be at most 36500d.'],
    ['develop/token.ts', '--lifetime', '0s', 'It must be at least 1s.'],
    ['develop/token.ts', '--lifetime', '40000d', 'It must be at most 36500d.'],
  ])('%s %s=%s', async (script, flag, value, expected) => {
    const { exitCode, stderr } = await run(script, [`${flag}=${value}`]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`'${value}' is invalid. ${expected}`)]);
  });
});

test.each([
  ['develop/start.ts', { '--snapshot-hours': '24', '--archive-seconds': '60' }],
  ['ledger/backfill-balances.ts', { '--batch': '200', '--throttle': '0ms' }],
  ['ledger/import.ts', { '--batch-lines': '5000' }],
  ['org/security-events.ts', { '--since': '7d', '--most': '100' }],
  ['develop/prove-isolation.ts', { '--runs': '100' }],
  ['develop/prove-reconciliation.ts', { '--load': '0ms' }],
  ['develop/prove-tests.ts', { '--count': '300', '--seed': '1', '--workers': '2', '--patience': '10m' }],
  [
    'migrate/all.ts',
    {
      '--lock-timeout': '200ms',
      '--turn-wait': '1m',
      '--batch-time': '100ms',
      '--batch-rows': '10000',
      '--max-replica-lag': '10s',
      '--max-replica-wal': '256',
      '--max-transaction-age': '5m',
      '--max-pause': '1h',
    },
  ],
  ['develop/token.ts', { '--lifetime': '8h' }],
])('%s --help says what an option is that is not given', async (script, defaults) => {
  const { exitCode, stdout } = await run(script, ['--help']);
  expect(exitCode).toBe(0);
  const help = stdout.replace(/\s+/g, ' ');
  for (const [flag, value] of Object.entries(defaults)) {
    expect(help).toMatch(new RegExp(`${flag} <[^>]*> [^<]*?\\(default: ${value}\\)`));
  }
});

test('start.ts --fresh deletes no database that DATABASE_URL names', async () => {
  const { exitCode, stderr } = await run('develop/start.ts', ['--fresh'], {
    DATABASE_URL: 'postgres://127.0.0.1:1/theirs',
  });
  expect([exitCode, stderr]).toEqual([
    2,
    expect.stringContaining('--fresh deletes the database, but never the one that DATABASE_URL names'),
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
    ['ledger/seal.ts', '--org', 'acme'],
    ['ledger/verify-ledger.ts'],
    ['ledger/reconcile-balances.ts'],
    ['recovery/monitor-backups.ts', '--alert'],
    ['recovery/verify-backup.ts'],
    ['recovery/restore.ts', '--at', '2026-03-01T09:30:00Z', '--to', 'beside'],
    ['recovery/restore-org.ts', '--org', 'acme', '--at', '2026-03-01T09:30:00Z', '--yes'],
  ])('%s begins nothing', async (script, ...args) => {
    const { exitCode, stdout, stderr } = await run(script, ['--data', data, ...args], {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
      [environment.alertTopicArn]: '',
      [environment.evidenceBucket]: '',
    });
    expect([exitCode, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^error: EISDIR\b/)]);
  });
});
