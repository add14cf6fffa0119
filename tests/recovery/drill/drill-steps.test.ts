import { describe, expect, test, vi } from 'vitest';
import { tickDrill } from '#recovery/drill/drill.ts';
import { refused, type Scripted } from '../scripted-aws.ts';
import { drillInstance, minuteMs, now, openScriptedDrills } from './scripted-drills.ts';

const drills = openScriptedDrills();
const { rds } = drills;

const tick = async (more?: Parameters<typeof drills.around>[0]) =>
  (await tickDrill(drills.around(more)))?.waitsFor;
/** What was written down behind the request, and what was told of it. */
const behindRequest = async () =>
  (await drills.written())
    .filter(([, stage]) => stage !== 'requested')
    .map(([, stage, detail]) => [stage, detail]);
const failed = (summary: string) => ['verdict', { passed: false, summary }];
const tornDown = ['torn-down', {}];
const endpoint = { Endpoint: { Address: '127.0.0.1', Port: 1 }, MasterUsername: 'master' };
const available = { DBInstanceStatus: 'available', ...endpoint };
const count = (action: string) => rds.actions().filter((each) => each === action).length;
const restored = 'RestoreDBInstanceFromDBSnapshot';

test('without a drill there is nothing to carry on with, and of one that is over AWS is not asked', async () => {
  expect(await tickDrill(drills.around())).toBeUndefined();
  await drills.request();
  await drills.reach('verdict');
  drills.instance(undefined);
  await tick();
  const asked = rds.actions();
  expect(await tickDrill(drills.around())).toMatchObject({ drill: { id: '000001', tornDownAt: now } });
  expect(rds.actions()).toEqual(asked);
});

test('a tick that is broken off does nothing', async () => {
  await drills.request();
  await expect(tick({ signal: AbortSignal.abort(new Error('Ctrl-C')) })).rejects.toThrow('Ctrl-C');
  expect(rds.actions()).toEqual([]);
});

describe('the restore', () => {
  const asked = (...names: readonly string[]) => {
    const last = rds.asked().findLast(({ action }) => action.startsWith('Restore'))?.parameters;
    return names.map((name) => last?.text(name));
  };

  test('of a snapshot goes into the network of production, as what a drill is', async () => {
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
    expect(await behindRequest()).toEqual([]);
  });

  test('of a point in time goes into the network that was decided on', async () => {
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

  test('that another tick has begun meanwhile is waited for', async () => {
    await drills.request();
    drills.instance(undefined);
    rds.answer(restored, refused('DBInstanceAlreadyExists', 'it exists'));
    expect(await tick()).toEqual({ for: 'creation', instance: drillInstance });
    expect(await behindRequest()).toEqual([]);
  });

  test('that RDS refuses is a verdict, and the drill is over', async () => {
    await drills.request();
    drills.instance(undefined);
    rds.answer(restored, refused('DBSnapshotNotFound', 'daily not found.', 404));
    expect(await tick()).toBeUndefined();
    expect(await behindRequest()).toEqual([
      failed(
        'RDS RestoreDBInstanceFromDBSnapshot of daily was refused: DBSnapshotNotFoundFault: daily not found.',
      ),
      tornDown,
    ]);
  });

  test('that RDS is too busy for is tried by the next tick, and judged by nobody', async () => {
    await drills.request();
    drills.instance(undefined);
    rds.answer(restored, ...Array(3).fill(refused('Throttling')), {});
    await expect(tick()).rejects.toMatchObject({ name: 'Unavailable' });
    expect(await behindRequest()).toEqual([]);
    expect(await tick()).toEqual({ for: 'creation', instance: drillInstance });
  });

  test('of an instance that is gone is a verdict', async () => {
    await drills.request({ source: 'lost' });
    drills.instance(undefined);
    expect(await tick()).toBeUndefined();
    expect(await behindRequest()).toEqual([failed('There is no instance lost.'), tornDown]);
  });

  test('is not begun again when somebody has judged the drill between two looks', async () => {
    await drills.request();
    const judgedMeanwhile: Scripted = async () => {
      await drills.reach('verdict');
      throw refused('DBInstanceNotFound', 'no', 404);
    };
    drills.instance(judgedMeanwhile, undefined);
    expect(await tick()).toBeUndefined();
    expect(await behindRequest()).toEqual([['verdict', { passed: true, summary: 'Proven.' }], tornDown]);
    expect(count(restored)).toBe(0);
  });

  test('is not begun when a newer drill was begun between two looks: that one is carried on with', async () => {
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

  test('is not begun again when the instance was there and is gone', async () => {
    await drills.request();
    await drills.reach('available');
    drills.instance(undefined);
    expect(await tick()).toBeUndefined();
    expect((await behindRequest()).slice(1)).toEqual([
      failed(`${drillInstance} was there and is gone.`),
      tornDown,
    ]);
    expect(count(restored)).toBe(0);
  });
});

describe('an instance that is there', () => {
  test('is waited for until it is available', async () => {
    await drills.request();
    drills.instance({ DBInstanceStatus: 'creating' });
    expect(await tick()).toEqual({ for: 'instance', instance: drillInstance, status: 'creating' });
    expect(await behindRequest()).toEqual([]);
  });

  test('and will never be available is a verdict, and is deleted at once', async () => {
    await drills.request();
    drills.instance({ DBInstanceStatus: 'incompatible-restore' });
    rds.answer('DeleteDBInstance', {});
    expect(await tick()).toEqual({ for: 'deletion', instance: drillInstance });
    expect(await behindRequest()).toEqual([failed(`${drillInstance} is incompatible-restore.`)]);
  });

  test('is not opened by a tick that has no minute left', async () => {
    await drills.request();
    drills.instance(available);
    expect(await tick({ time: { remainingMs: () => minuteMs - 1 } })).toEqual({ for: 'time' });
    expect(await behindRequest()).toEqual([['available', {}]]);
    rds.answer('ModifyDBInstance', refused('InvalidDBInstanceState', 'it is being modified'));
    expect(await tick({ time: { remainingMs: () => minuteMs } })).toEqual({
      for: 'password',
      instance: drillInstance,
    });
  });

  test('that is being changed gets its password from the next tick', async () => {
    await drills.request();
    drills.instance(available);
    rds.answer('ModifyDBInstance', refused('InvalidDBInstanceState', 'it is being modified'));
    expect(await tick()).toEqual({ for: 'password', instance: drillInstance });
    expect(await behindRequest()).toEqual([['available', {}]]);
  });

  test('is judged by nobody while AWS cannot be asked', async () => {
    await drills.request();
    drills.instance(available);
    rds.answer('ModifyDBInstance', refused('Throttling'));
    await expect(tick()).rejects.toMatchObject({ name: 'Unavailable' });
    expect(await behindRequest()).toEqual([['available', {}]]);
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
  ])('%s has not passed', async (_, described, modified, why) => {
    await drills.request();
    drills.instance(described);
    rds.answer('ModifyDBInstance', modified);
    rds.answer('DeleteDBInstance', {});
    await tick();
    expect(await behindRequest()).toEqual([
      ['available', {}],
      failed(`${drillInstance} lets nobody in: ${why}`),
    ]);
  });

  test.each([
    ['ten minutes', Number.POSITIVE_INFINITY, 10 * minuteMs],
    ['what is left of a run but half a minute', 2 * minuteMs, 1.5 * minuteMs],
  ])('lets nobody in for %s, and is judged then and not before', async (_, remainingMs, patienceMs) => {
    await drills.request();
    drills.instance(available);
    rds.answer('ModifyDBInstance', {});
    rds.answer('DeleteDBInstance', {});
    const urlOf = () => {
      vi.setSystemTime(now.getTime() + patienceMs);
      return 'postgres://master@127.0.0.1:1/ledger';
    };
    const said: string[] = [];
    // The clock reaches the end of its patience, stands there for a few more tries, and goes on.
    const onWaiting = (why: string) => {
      said.push(why);
      setTimeout(() => vi.setSystemTime(now.getTime() + patienceMs + 1), 20);
    };
    await tick({ time: { remainingMs: () => remainingMs }, urlOf, onWaiting });
    // Said once, although it was tried again.
    expect(said).toEqual([expect.stringContaining('ECONNREFUSED')]);
    expect((await behindRequest()).at(-1)).toEqual(
      failed(`${drillInstance} lets nobody in: connect ECONNREFUSED 127.0.0.1:1`),
    );
  });

  test('that somebody else has proven meanwhile is left to them', async () => {
    await drills.request();
    drills.instance(available);
    rds.answer('ModifyDBInstance', {});
    const urlOf = () => 'postgres://master@127.0.0.1:1/ledger';
    const onWaiting = () => void judging.push(drills.reach('verdict'));
    const judging: Promise<void>[] = [];
    expect(await tick({ urlOf, onWaiting })).toEqual({ for: 'other-run' });
    await Promise.all(judging);
    expect(await behindRequest()).toEqual([
      ['available', {}],
      ['verdict', { passed: true, summary: 'Proven.' }],
    ]);
  });
});
