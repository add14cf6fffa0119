import { afterEach, expect, test } from 'vitest';
import { closeAwsClients } from '#platform/aws-call.ts';
import { environment } from '#platform/environment.ts';
import type { CheckResult } from '#recovery/monitor/check.ts';
import { checkBackups } from '#recovery/monitor/monitor.ts';
import { configuredSource } from '#recovery/monitor/source-of.ts';
import { inJobs } from '#tenancy/jobs.ts';
import { goodDrill, openBackedUp } from './backed-up-world.ts';

const world = openBackedUp();
const kept = new Map<string, string | undefined>();
afterEach(() => {
  world.aws.rds.faults.clear();
  world.aws.sns.faults.clear();
  for (const [name, value] of kept) process.env[name] = value;
  kept.clear();
  closeAwsClients();
});

function set(name: string, value: string): void {
  kept.set(name, process.env[name]);
  process.env[name] = value;
  closeAwsClients();
}

/** The checks that ask RDS for anything. */
const ofRds = [
  'copy-elsewhere',
  'database-status',
  'deletion-protection',
  'drill-leftovers',
  'encryption',
  'latest-restorable-time',
  'newest-snapshot',
  'retention',
  'snapshots-finish',
  'snapshots-private',
];

async function blind(): Promise<CheckResult[]> {
  const results = await checkBackups({
    rds: configuredSource(),
    inJobs,
    lastDrill: async () => goodDrill(),
  });
  // Whatever could not be asked, nothing that depends on it is ok.
  return results.filter(({ status }) => status === 'could_not_run');
}

const namesOf = (results: readonly CheckResult[]) => results.map(({ check }) => check).sort();
const reasonsOf = (results: readonly CheckResult[]) => [...new Set(results.map(({ reason }) => reason))];

test.each([
  ['throttled', 'throttled'],
  ['denied', 'permission_missing'],
  ['failing', 'failing'],
  ['down', 'unreachable'],
] as const)(
  'RDS that is %s: no check that asks it is ok, and each says %s',
  { timeout: 60_000 },
  async (fault, reason) => {
    world.aws.rds.faults.inject(fault);
    const results = await blind();
    expect(namesOf(results)).toEqual(ofRds);
    expect(reasonsOf(results)).toEqual([reason]);
  },
);

test('RDS that does not answer is a timeout', { timeout: 120_000 }, async () => {
  world.aws.rds.faults.inject('silent');
  const results = await blind();
  expect(namesOf(results)).toEqual(ofRds);
  expect(reasonsOf(results)).toEqual(['timeout']);
});

test.each([
  ['DescribeDBInstances', ['database-status', 'drill-leftovers', 'latest-restorable-time', 'retention']],
  ['DescribeDBSnapshots', ['copy-elsewhere', 'encryption', 'newest-snapshot', 'snapshots-finish']],
  ['DescribeDBSnapshotAttributes', ['snapshots-private']],
  ['DescribeDBInstanceAutomatedBackups', ['copy-elsewhere', 'retention']],
])(
  'without the permission for %s alone, what needs it is named',
  { timeout: 60_000 },
  async (operation, needing) => {
    world.aws.rds.faults.inject('denied', { operation });
    const results = await blind();
    expect(namesOf(results)).toEqual(expect.arrayContaining(needing));
    for (const { reason, summary } of results) {
      expect(reason).toBe('permission_missing');
      expect(summary).toContain(`RDS ${operation}`);
    }
  },
);

test('SNS that does not let itself be asked leaves open whether alerts arrive', {
  timeout: 60_000,
}, async () => {
  world.aws.sns.faults.inject('denied', { operation: 'ListSubscriptionsByTopic' });
  expect(await blind()).toMatchObject([{ check: 'alert-path', reason: 'permission_missing' }]);
});

test('credentials that AWS does not take are named', async () => {
  set('AWS_SECRET_ACCESS_KEY', 'of-somebody-else');
  expect(reasonsOf(await blind())).toEqual(['no_credentials']);
});

test('a database that is not named does not pass for one that runs elsewhere than on RDS', async () => {
  set(environment.dbInstanceIdentifier, '');
  const results = await blind();
  expect(namesOf(results)).toEqual(ofRds);
  expect(reasonsOf(results)).toEqual(['not_configured']);
  set(environment.dbClusterIdentifier, 'one');
  process.env[environment.dbInstanceIdentifier] = 'another';
  expect(reasonsOf(await blind())).toEqual(['not_configured']);
});
