import { describe, expect, test, vi } from 'vitest';
import { tickDrill } from '#recovery/drill/drill.ts';
import { refused, type Scripted } from '../scripted-aws.ts';
import { drillInstance, minuteMs, now, openScriptedDrills } from './scripted-drills.ts';

const drills = openScriptedDrills();
const { rds } = drills;

const tick = async (more?: Parameters<typeof drills.around>[0]) =>
  (await tickDrill(drills.around(more)))?.waitsFor;
/** The records after the request, each with its detail. */
const afterRequest = async () =>
  (await drills.written())
    .filter(([, milestone]) => milestone !== 'requested')
    .map(([, milestone, detail]) => [milestone, detail]);
const failed = (summary: string) => ['verdict', { passed: false, summary }];
const tornDown = ['torn-down', {}];
const endpoint = { Endpoint: { Address: '127.0.0.1', Port: 1 }, MasterUsername: 'master' };
const available = { DBInstanceStatus: 'available', ...endpoint };
const count = (action: string) => rds.actions().filter((each) => each === action).length;
const restored = 'RestoreDBInstanceFromDBSnapshot';

test('without a drill a tick does nothing, and for a drill that is over it does not ask AWS', async () => {
  expect(await tickDrill(drills.around())).toBeUndefined();
  await drills.request();
  await drills.reach('verdict');
  drills.instance(undefined);
  await tick();
  const asked = rds.actions();
  expect(await tickDrill(drills.around())).toMatchObject({ drill: { id: '000001', tornDownAt: now } });
  expect(rds.actions()).toEqual(asked);
});

test('an interrupted tick does nothing', async () => {
  await drills.request();
  await expect(tick({ signal: AbortSignal.abort(new Error('Ctrl-C')) })).rejects.toThrow('Ctrl-C');
  expect(rds.actions()).toEqual([]);
});

describe('the restore', () => {
  const asked = (...names: readonly string[]) => {
    const last = rds.asked().findLast(({ action }) => action.startsWith('Restore'))?.parameters;
    return names.map((name) => last?.text(name));
  };

  test('of a snapshot goes into the network of production, with the settings of a drill', async () => {
    await drills.request();
    drills.instance(undefined);
    rds.answer(restored, {});
    expect(await tick()).toEqual({ for: 'creation', instance: drillInstance });
    expect(
      asked('DBSnapshotIdentifier', 'DBInstanceIdentifier', 'DBInstanceClass', 'DBSubnetGroupName'),
    ).toEqual(['daily', drillInstance, 'db.t4g.micro', 'private']);
    expect(
      asked(
        'VpcSecurityGroupIds.VpcSecurityGroupId.1',
        'VpcSecurityGroupIds.VpcSecurityGroupId.2',
        'DBParameterGroupName',
      ),
    ).toEqual(['sg-1', undefined, 'tuned']);
    expect(asked('MultiAZ', 'PubliclyAccessible', 'DeletionProtection', 'CopyTagsToSnapshot')).toEqual(
      Array(4).fill('false'),
    );
    expect(
      asked('AutoMinorVersionUpgrade', 'BackupRetentionPeriod', 'EnableIAMDatabaseAuthentication'),
    ).toEqual(['false', '0', 'true']);
    expect(asked('Tags.Tag.1.Key', 'Tags.Tag.1.Value', 'Tags.Tag.2.Key', 'Tags.Tag.2.Value')).toEqual([
      'stockade:drill',
      '000001',
      'stockade:drill-begun',
      now.toISOString(),
    ]);
    expect(await afterRequest()).toEqual([]);
  });

  test('of a point in time goes into the network that is configured', async () => {
    await drills.request({ kind: 'point-in-time', snapshot: undefined });
    drills.instance(undefined);
    rds.answer('RestoreDBInstanceToPointInTime', {});
    await tick({ network: { subnetGroup: 'drills', securityGroupIds: ['sg-2', 'sg-3'] } });
    expect(
      asked('SourceDBInstanceIdentifier', 'TargetDBInstanceIdentifier', 'RestoreTime', 'DBSubnetGroupName'),
    ).toEqual([
      'ledger',
      drillInstance,
      new Date(now.getTime() - minuteMs).toISOString().replace('.000Z', 'Z'),
      'drills',
    ]);
    expect(
      asked('VpcSecurityGroupIds.VpcSecurityGroupId.1', 'VpcSecurityGroupIds.VpcSecurityGroupId.2'),
    ).toEqual(['sg-2', 'sg-3']);
  });

  test('waits when another tick has begun it meanwhile', async () => {
    await drills.request();
    drills.instance(undefined);
    rds.answer(restored, refused('DBInstanceAlreadyExists', 'it exists'));
    expect(await tick()).toEqual({ for: 'creation', instance: drillInstance });
    expect(await afterRequest()).toEqual([]);
  });

  test('fails the drill when RDS refuses it', async () => {
    await drills.request();
    drills.instance(undefined);
    rds.answer(restored, refused('DBSnapshotNotFound', 'daily not found.', 404));
    expect(await tick()).toBeUndefined();
    expect(await afterRequest()).toEqual([
      failed(
        'RDS RestoreDBInstanceFromDBSnapshot of daily was refused: DBSnapshotNotFoundFault: daily not found.',
      ),
      tornDown,
    ]);
  });

  test('is tried again by the next tick when RDS is too busy', async () => {
    await drills.request();
    drills.instance(undefined);
    rds.answer(restored, ...Array(3).fill(refused('Throttling')), {});
    await expect(tick()).rejects.toMatchObject({ name: 'AwsUnavailable' });
    expect(await afterRequest()).toEqual([]);
    expect(await tick()).toEqual({ for: 'creation', instance: drillInstance });
  });

  test('fails the drill when the source does not exist', async () => {
    await drills.request({ source: 'lost' });
    drills.instance(undefined);
    expect(await tick()).toBeUndefined();
    expect(await afterRequest()).toEqual([failed('There is no instance lost.'), tornDown]);
  });

  test('does not begin again when another run records a verdict between two looks', async () => {
    await drills.request();
    const judgedMeanwhile: Scripted = async () => {
      await drills.reach('verdict');
      throw refused('DBInstanceNotFound', 'no', 404);
    };
    drills.instance(judgedMeanwhile, undefined);
    expect(await tick()).toBeUndefined();
    expect(await afterRequest()).toEqual([['verdict', { passed: true, summary: 'Proven.' }], tornDown]);
    expect(count(restored)).toBe(0);
  });

  test('does not begin when a newer drill begins between two looks: the tick continues that one', async () => {
    await drills.request();
    const begunMeanwhile: Scripted = async () => {
      await drills.request({ snapshot: 'newer' }, 0, '000002');
      throw refused('DBInstanceNotFound', 'no', 404);
    };
    drills.instance(begunMeanwhile, undefined);
    rds.answer(restored, {});
    expect(await tick()).toEqual({ for: 'creation', instance: 'stockade-drill-000002' });
    expect(asked('DBSnapshotIdentifier')).toEqual(['newer']);
    expect(count(restored)).toBe(1);
  });

  test('does not begin again when the instance was available and has disappeared', async () => {
    await drills.request();
    await drills.reach('available');
    drills.instance(undefined);
    expect(await tick()).toBeUndefined();
    expect((await afterRequest()).slice(1)).toEqual([
      failed(`${drillInstance} was available and has disappeared.`),
      tornDown,
    ]);
    expect(count(restored)).toBe(0);
  });
});

describe('a drill instance', () => {
  test('must become available before the next step', async () => {
    await drills.request();
    drills.instance({ DBInstanceStatus: 'creating' });
    expect(await tick()).toEqual({ for: 'instance', instance: drillInstance, status: 'creating' });
    expect(await afterRequest()).toEqual([]);
  });

  test('that can never become available fails the drill, and is deleted at once', async () => {
    await drills.request();
    drills.instance({ DBInstanceStatus: 'incompatible-restore' });
    rds.answer('DeleteDBInstance', {});
    expect(await tick()).toEqual({ for: 'deletion', instance: drillInstance });
    expect(await afterRequest()).toEqual([failed(`${drillInstance} is incompatible-restore.`)]);
  });

  test('is not opened by a tick with less than a minute left', async () => {
    await drills.request();
    drills.instance(available);
    expect(await tick({ time: { remainingMs: () => minuteMs - 1 } })).toEqual({ for: 'time' });
    expect(await afterRequest()).toEqual([['available', {}]]);
    rds.answer('ModifyDBInstance', refused('InvalidDBInstanceState', 'it is being modified'));
    expect(await tick({ time: { remainingMs: () => minuteMs } })).toEqual({
      for: 'password',
      instance: drillInstance,
    });
  });

  test('that RDS is changing gets its password from the next tick', async () => {
    await drills.request();
    drills.instance(available);
    rds.answer('ModifyDBInstance', refused('InvalidDBInstanceState', 'it is being modified'));
    expect(await tick()).toEqual({ for: 'password', instance: drillInstance });
    expect(await afterRequest()).toEqual([['available', {}]]);
  });

  test('gets no verdict while AWS does not answer', async () => {
    await drills.request();
    drills.instance(available);
    rds.answer('ModifyDBInstance', refused('Throttling'));
    await expect(tick()).rejects.toMatchObject({ name: 'AwsUnavailable' });
    expect(await afterRequest()).toEqual([['available', {}]]);
  });

  test.each([
    [
      'whose password RDS does not change',
      available,
      refused('AccessDenied', 'not allowed', 403),
      `RDS ModifyDBInstance of ${drillInstance} was refused: AccessDenied: not allowed`,
    ],
    ['that has no endpoint', { DBInstanceStatus: 'available' }, {}, `${drillInstance} has no endpoint`],
    [
      'whose endpoint has no port',
      { DBInstanceStatus: 'available', Endpoint: { Address: '127.0.0.1' } },
      {},
      `${drillInstance} has no endpoint`,
    ],
  ])('%s fails the drill', async (_, described, modified, why) => {
    await drills.request();
    drills.instance(described);
    rds.answer('ModifyDBInstance', modified);
    rds.answer('DeleteDBInstance', {});
    await tick();
    expect(await afterRequest()).toEqual([
      ['available', {}],
      failed(`${drillInstance} does not accept connections: ${why}`),
    ]);
  });

  test.each([
    ['ten minutes', Number.POSITIVE_INFINITY, 10 * minuteMs],
    ['the rest of a run, less half a minute', 2 * minuteMs, 1.5 * minuteMs],
  ])(
    'that accepts no connection for %s fails the drill then, and not before',
    async (_, remainingMs, patienceMs) => {
      await drills.request();
      drills.instance(available);
      rds.answer('ModifyDBInstance', {});
      rds.answer('DeleteDBInstance', {});
      const urlOf = () => {
        vi.setSystemTime(now.getTime() + patienceMs);
        return 'postgres://master@127.0.0.1:1/ledger';
      };
      const said: string[] = [];
      // The clock reaches the limit, stands still for a few more tries, and goes on.
      const onWaiting = (why: string) => {
        said.push(why);
        setTimeout(() => vi.setSystemTime(now.getTime() + patienceMs + 1), 20);
      };
      await tick({ time: { remainingMs: () => remainingMs }, urlOf, onWaiting });
      // The reason is reported once, although there were several tries.
      expect(said).toEqual([expect.stringContaining('ECONNREFUSED')]);
      expect((await afterRequest()).at(-1)).toEqual(
        failed(`${drillInstance} does not accept connections: connect ECONNREFUSED 127.0.0.1:1`),
      );
    },
  );

  test('that another run has proven meanwhile keeps that verdict', async () => {
    await drills.request();
    drills.instance(available);
    rds.answer('ModifyDBInstance', {});
    const urlOf = () => 'postgres://master@127.0.0.1:1/ledger';
    const onWaiting = () => void judging.push(drills.reach('verdict'));
    const judging: Promise<void>[] = [];
    expect(await tick({ urlOf, onWaiting })).toEqual({ for: 'other-run' });
    await Promise.all(judging);
    expect(await afterRequest()).toEqual([
      ['available', {}],
      ['verdict', { passed: true, summary: 'Proven.' }],
    ]);
  });
});
