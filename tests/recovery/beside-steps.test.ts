import { describe, expect, test } from 'vitest';
import { copyUrl } from '#recovery/drill/copy-url.ts';
import type { DrillWish } from '#recovery/drill/plan.ts';
import { type ProofOutcome, proofNames } from '#recovery/proofs/proof.ts';
import { proveCopy } from '#recovery/proofs/prove-copy.ts';
import type { DBInstance } from '#recovery/rds/rds.ts';
import { restoreBeside } from '#recovery/rds/rds-beside.ts';
import { type BesideOptions, type BesidePlan, planBeside, prepareBeside } from '#recovery/restore-beside.ts';
import type { XmlElements } from '#scripts/local/aws/xml.ts';
import { openScripted, refused, type Scripted } from './scripted-aws.ts';

const script = openScripted('rds');

const gone = refused('DBInstanceNotFound', 'no', 404);
/** The descriptions of instances by RDS, by their names. Several descriptions are given one after the other. */
function instances(of: Readonly<Record<string, Scripted | readonly Scripted[]>>): void {
  const left = new Map(Object.entries(of).map(([name, all]) => [name, [all].flat()]));
  script.answer('DescribeDBInstances', (parameters, region) => {
    const answers = left.get(parameters.text('DBInstanceIdentifier') ?? '') ?? [];
    const next = (answers.length > 1 ? answers.shift() : answers[0]) ?? gone;
    if (next instanceof Error) throw next;
    return typeof next === 'function' ? next(parameters, region) : next;
  });
}
const described = (DBInstanceIdentifier: string, more: XmlElements = {}) => ({
  DBInstances: { DBInstance: [{ DBInstanceIdentifier, ...more }] },
});
const restoredFrom = (Value: string) => ({ TagList: { Tag: [{ Key: 'stockade:restored-from', Value }] } });
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: Error) => `${error.name}: ${error.message}`,
  );

describe('a restore beside production', () => {
  const daily: DrillWish = { kind: 'snapshot', snapshot: 'daily' };
  const withDaily = () =>
    script.answer('DescribeDBSnapshots', {
      DBSnapshots: {
        DBSnapshot: [
          { DBSnapshotIdentifier: 'daily', Status: 'available', SnapshotCreateTime: '2026-03-01T00:00:00Z' },
        ],
      },
    });

  test('needs a name that is neither that of production nor of a drill', async () => {
    expect(await refusal(planBeside('ledger', daily, 'ledger'))).toBe(
      'RecoveryRefused: ledger is production: choose another name.',
    );
    expect(await refusal(planBeside('ledger', daily, 'stockade-drill-x'))).toBe(
      'RecoveryRefused: stockade-drill-x is a name that only drills use: choose another name.',
    );
    expect(script.actions()).toEqual([]);
  });

  test('needs an instance that exists', async () => {
    instances({});
    expect(await refusal(planBeside('ledger', daily, 'back'))).toBe(
      'RecoveryRefused: There is no instance ledger.',
    );
  });

  test.each<[what: string, taken: Scripted, isBegun: boolean | string]>([
    ['is free', gone, false],
    ['belongs to the same restore, begun before', described('back', restoredFrom('daily')), true],
    [
      'belongs to another restore',
      described('back', restoredFrom('2026-01-01')),
      'back was already restored from 2026-01-01: choose another name, or delete it.',
    ],
    [
      'belongs to an instance that was not restored',
      described('back'),
      'The instance back already exists, and no restore created it: choose another name.',
    ],
  ])('with a name that %s', async (_, taken, isBegun) => {
    withDaily();
    instances({ ledger: described('ledger'), back: taken });
    const plan = planBeside('ledger', daily, 'back');
    if (typeof isBegun === 'string') return expect(await refusal(plan)).toBe(`RecoveryRefused: ${isBegun}`);
    expect(await plan).toEqual({
      production: { DBInstanceIdentifier: 'ledger' },
      ...{ name: 'back', snapshot: 'daily', asOf: '2026-03-01T00:00:00.000Z', isBegun },
    });
  });
});

test('the restored instance has the settings of production, deletion protection, and a tag with its source', async () => {
  const production: DBInstance = {
    ...{ DBInstanceIdentifier: 'ledger', DBInstanceClass: 'db.r8g.large', MultiAZ: true },
    ...{ BackupRetentionPeriod: 14, CopyTagsToSnapshot: true, AutoMinorVersionUpgrade: true },
    DBSubnetGroup: { DBSubnetGroupName: 'private' },
    VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-1' }, {}],
    DBParameterGroups: [{ DBParameterGroupName: 'tuned' }],
    TagList: [
      { Key: 'team', Value: 'ledger' },
      { Key: 'aws:cloudformation:stack', Value: 'x' },
      { Key: 'stockade:restored-from', Value: 'before' },
    ],
  };
  const names = [
    ...[
      'DBInstanceClass',
      'DBSubnetGroupName',
      'VpcSecurityGroupIds.VpcSecurityGroupId.1',
      'DBParameterGroupName',
    ],
    ...['MultiAZ', 'BackupRetentionPeriod', 'EnableIAMDatabaseAuthentication', 'PubliclyAccessible'],
    ...['DeletionProtection', 'CopyTagsToSnapshot', 'AutoMinorVersionUpgrade'],
    ...['Tags.Tag.1.Key', 'Tags.Tag.2.Key', 'Tags.Tag.2.Value', 'Tags.Tag.3.Key'],
  ];
  const asked = (...more: readonly string[]) => {
    const last = script.asked().at(-1)?.parameters;
    return [...names, ...more].map((name) => last?.text(name));
  };
  const same = [
    'db.r8g.large',
    'private',
    'sg-1',
    'tuned',
    'true',
    '14',
    'true',
    'false',
    'true',
    'true',
    'true',
  ];
  script.answer('RestoreDBInstanceFromDBSnapshot', {});
  script.answer('RestoreDBInstanceToPointInTime', {});
  const asOf = '2026-03-01T00:00:00.000Z';
  await restoreBeside(production, 'back', { snapshot: 'daily', asOf });
  expect(asked('DBSnapshotIdentifier', 'DBInstanceIdentifier')).toEqual([
    ...same,
    ...['team', 'stockade:restored-from', 'daily', undefined, 'daily', 'back'],
  ]);
  await restoreBeside(production, 'back', { asOf });
  expect(asked('SourceDBInstanceIdentifier', 'TargetDBInstanceIdentifier', 'RestoreTime')).toEqual([
    ...same,
    ...['team', 'stockade:restored-from', asOf, undefined, 'ledger', 'back', '2026-03-01T00:00:00Z'],
  ]);
});

describe('an instance beside production', () => {
  const plan = (isBegun = true): BesidePlan => ({
    production: { DBInstanceIdentifier: 'ledger' },
    ...{ name: 'back', snapshot: 'daily', asOf: '2026-03-01T00:00:00.000Z', isBegun },
  });
  const said: string[] = [];
  const prepare = (more: Partial<BesideOptions> = {}, isBegun = true) => {
    said.length = 0;
    return refusal(
      prepareBeside(plan(isBegun), {
        book: {} as BesideOptions['book'],
        production: () => Promise.reject(new Error('production must not be asked')),
        urlOf: () => 'postgres://127.0.0.1:1/ledger',
        ...{ pollMs: 1, giveUpAfterMs: 60_000 },
        onStatus: (status) => void said.push(status),
        ...more,
      }),
    );
  };
  const status = (DBInstanceStatus: string) => described('back', { DBInstanceStatus });
  const available = 'Error: back has no endpoint';

  test('is waited for through every status, each reported once, and through a missing answer of AWS', async () => {
    const busy = [1, 2, 3].map(() => refused('Throttling'));
    const modifying = [status('modifying'), status('modifying')];
    instances({
      back: [gone, status('creating'), status('creating'), ...busy, ...modifying, status('available')],
    });
    expect(await prepare()).toBe(available);
    expect(said).toEqual(['not visible', 'creating', 'not visible', 'modifying']);
    expect(script.actions()).not.toContain('RestoreDBInstanceFromDBSnapshot');
  });

  test('is restored when that has not begun yet, and a refusal is reported', async () => {
    instances({ back: status('available') });
    script.answer('RestoreDBInstanceFromDBSnapshot', {}, refused('DBInstanceAlreadyExists', 'it exists'));
    expect(await prepare({}, false)).toBe(available);
    expect(await prepare({}, false)).toMatch(/^AwsRefused: .*DBInstanceAlreadyExists/);
  });

  test.each(['failed', 'incompatible-restore', 'storage-full'])(
    'that is %s is not deleted',
    async (broken) => {
      instances({ back: [status('creating'), status(broken)] });
      expect(await prepare()).toBe(
        `RecoveryRefused: back is ${broken} and did not become available. It was not deleted, so that you can examine it.`,
      );
    },
  );

  test('is given up when its time is over, and an interruption ends the wait', async () => {
    instances({ back: status('creating') });
    expect(await prepare({ giveUpAfterMs: -1 })).toMatch(
      /^RecoveryRefused: back is creating and did not become available/,
    );
    expect(await prepare({ signal: AbortSignal.abort(new Error('Ctrl-C')) })).toBe('Error: Ctrl-C');
    const ended = new AbortController();
    const onStatus = () => ended.abort();
    expect(await prepare({ signal: ended.signal, onStatus })).toMatch(/^AbortError/);
  });

  test('that AWS refuses to describe is not waited for', async () => {
    instances({ back: refused('AccessDenied', 'no', 403) });
    expect(await prepare()).toMatch(/^AwsRefused: .*AccessDenied/);
  });
});

test('the URL of a copy has the settings of production, with its own address and master', () => {
  const address = { host: 'copy.internal', port: 5433, user: 'the master', password: 'p@ss/w:rd' };
  const own = 'the%20master:p%40ss%2Fw%3Ard@copy.internal:5433';
  const production = { maxConnections: 1, deadlineMs: 0 };
  expect(
    copyUrl({ ...production, url: 'postgres://jobs:secret@prod:5432/ledger?sslmode=require' }, address),
  ).toBe(`postgres://${own}/ledger?sslmode=require`);
  const withIam = { ...production, host: 'prod', port: 5432, user: 'jobs', name: 'books' };
  expect(copyUrl(withIam as never, address)).toBe(`postgres://${own}/books?sslmode=verify-full`);
});

describe('the proofs of a copy that cannot be reached', () => {
  const options = {
    connectionString: 'postgres://127.0.0.1:1/ledger',
    book: {} as BesideOptions['book'],
    asOf: new Date(),
    requestedAt: new Date(),
  };

  test('could not run, and the report is not ok', async () => {
    const reported: ProofOutcome[] = [];
    const report = await proveCopy({ ...options, onOutcome: (outcome) => reported.push(outcome) });
    expect(report.ok).toBe(false);
    expect(report.outcomes.map(({ proof }) => proof)).toEqual(proofNames);
    expect(reported.toSorted(byName)).toEqual(report.outcomes.toSorted(byName));
    for (const { proof, verdict, faults, faultCount } of report.outcomes) {
      // Without production there is no loss to measure.
      const expected = proof === 'loss' ? 'does not apply' : 'could not run';
      expect([proof, verdict, faultCount, faults.length]).toEqual([proof, expected, 1, 1]);
    }
  });

  test('stop when they are interrupted', async () => {
    const signal = AbortSignal.abort(new Error('Ctrl-C'));
    await expect(proveCopy({ ...options, signal })).rejects.toThrow('Ctrl-C');
  });

  const byName = (a: ProofOutcome, b: ProofOutcome) => a.proof.localeCompare(b.proof);
});
