import * as rds from '@aws-sdk/client-rds';
import { beginDrill } from '#recovery/drill/begin.ts';
import { sweepDrills } from '#recovery/drill/sweep.ts';
import type { MonitorOptions } from '#recovery/monitor/monitor.ts';
import { configuredSource } from '#recovery/monitor/source-of.ts';
import { type RecoveryPolicy, recoveryPolicy } from '#recovery/policy.ts';
import { restoreFromSnapshot } from '#recovery/rds/rds.ts';
import { byHand, hourMs, instance, otherRegion } from './backed-up.ts';
import type { RecoveryFixture } from './fixture.ts';
import { type Reporter, type Sabotage, saidByChecks } from './sabotage.ts';

/** A fault of the backups that an administrator can cause with the API. */
interface Neglected {
  readonly name: string;
  readonly reporters: readonly Reporter[];
  readonly says: RegExp;
  /** The options of the monitor, both before, when everything must be well, and after. */
  readonly with?: Partial<MonitorOptions>;
  /** Causes the fault. Returns a function that repairs it. */
  readonly neglect: (fixture: RecoveryFixture) => Promise<() => Promise<unknown>>;
}

/** A policy under which a fault fails at once, and not only after hours. */
const atOnce = (of: Partial<RecoveryPolicy>): Partial<MonitorOptions> => ({
  policy: { ...recoveryPolicy, ...of },
});
const none = { warn: 0, fail: 0 };
const orphan = 'stockade-drill-orphan';

const neglected: readonly Neglected[] = [
  {
    name: 'automated backups switched off',
    reporters: ['check retention', 'check latest-restorable-time'],
    says: /Automated backups of stockade are switched off/,
    neglect: async (fixture) => {
      await change(fixture, { BackupRetentionPeriod: 0 });
      return async () => {
        await change(fixture, { BackupRetentionPeriod: 14 });
        await fixture.backUp();
      };
    },
  },
  {
    name: 'backups kept for too short a time',
    reporters: ['check retention'],
    says: /are kept for 3 days; the minimum is 7 days/,
    neglect: async (fixture) => {
      await change(fixture, { BackupRetentionPeriod: 3 });
      return () => change(fixture, { BackupRetentionPeriod: 14 });
    },
  },
  {
    name: 'deletion protection off',
    reporters: ['check deletion-protection'],
    says: /one call can delete it/,
    neglect: async (fixture) => {
      await change(fixture, { DeletionProtection: false });
      return () => change(fixture, { DeletionProtection: true });
    },
  },
  {
    name: 'snapshot failed',
    reporters: ['check snapshots-finish'],
    says: /failed: broken \(failed\)/,
    neglect: async (fixture) => {
      fixture.world.aws.rds.faults.inject('failed', { operation: 'CreateDBSnapshot', times: 1 });
      await fixture.world.takeSnapshot('broken');
      return () => deleteSnapshot(fixture, 'broken');
    },
  },
  {
    name: 'snapshot shared with another account',
    reporters: ['check snapshots-private'],
    says: /by-hand is shared with 111122223333/,
    neglect: (fixture) => share(fixture, byHand, '111122223333'),
  },
  {
    name: 'copy in the other region shared',
    reporters: ['check snapshots-private'],
    says: /by-hand-copy in eu-west-1 is shared with 111122223333/,
    neglect: (fixture) => share(fixture, `${byHand}-copy`, '111122223333', otherRegion),
  },
  {
    name: 'copy in the other region missing',
    reporters: ['check copy-elsewhere'],
    says: /There is no copy of stockade in eu-west-1/,
    neglect: async (fixture) => {
      await deleteSnapshot(fixture, `${byHand}-copy`, otherRegion);
      return () => fixture.world.copyElsewhere(byHand);
    },
  },
  {
    name: 'orphan left by a forgotten drill',
    reporters: ['check drill-leftovers'],
    says: /Drill instances are left over: stockade-drill-orphan/,
    with: atOnce({ drillInstanceAgeMs: none }),
    neglect: leaveOrphan,
  },
  {
    name: 'orphan that is stuck in the making',
    reporters: ['check drill-leftovers'],
    says: /Drill instances are left over: stockade-drill-orphan/,
    with: atOnce({ drillInstanceAgeMs: none }),
    neglect: (fixture) => {
      const operation = 'RestoreDBInstanceFromDBSnapshot';
      fixture.world.aws.rds.faults.inject('stuck', { operation, times: 1 });
      return leaveOrphan(fixture);
    },
  },
];

/** Sabotages of the backups of production. */
export const backupAttacks: readonly Sabotage[] = [
  ...neglected.map(toSabotage),
  {
    name: 'stale snapshot: nothing backed up for 31 hours',
    reporters: ['check newest-snapshot', 'check latest-restorable-time', 'check copy-elsewhere'],
    says: /The data in the newest snapshot, \S+, is 1 d 7 h old; the limit is 1 d 6 h/,
    commit: async (fixture) => ({
      said: saidByChecks(await fixture.look({ now: new Date(Date.now() + 31 * hourMs) })),
    }),
  },
  {
    name: 'automated backups switched off, and on again',
    reporters: ['check retention'],
    says: /are kept for 14 days, but they reach back only /,
    commit: async (fixture) => {
      await fixture.world.round();
      // The slack covers the age of this young instance exactly, so that the check is ok before the sabotage.
      const { createdAt, earliestRestorableAt } = (await configuredSource().database()) ?? {};
      const reachSlackMs = Number(earliestRestorableAt) - Number(createdAt);
      const look = async () => saidByChecks(await fixture.look(atOnce({ reachSlackMs })));
      const before = (await look()).filter(({ alarms }) => alarms);
      await change(fixture, { BackupRetentionPeriod: 0 });
      await fixture.world.round();
      await change(fixture, { BackupRetentionPeriod: 14 });
      await fixture.backUp();
      return {
        said: await look(),
        faults: before.map(({ by, detail }) => `before the sabotage ${by} reports: ${detail}`),
      };
    },
  },
  // The last one, because nothing repairs it.
  toSabotage({
    name: 'snapshot stuck in the making',
    reporters: ['check snapshots-finish'],
    says: /unfinished for too long: stuck /,
    with: atOnce({ snapshotInTheMakingMs: none }),
    neglect: async (fixture) => {
      await leaveInTheMaking(fixture);
      return async () => {};
    },
  }),
];

function toSabotage({ name, reporters, says, with: options, neglect }: Neglected): Sabotage {
  return {
    name,
    reporters,
    says,
    commit: async (fixture) => {
      await fixture.world.round();
      const before = saidByChecks(await fixture.look(options)).filter(({ alarms }) => alarms);
      const repair = await neglect(fixture);
      try {
        return {
          said: saidByChecks(await fixture.look(options)),
          faults: before.map(({ by, detail }) => `before the sabotage ${by} reports: ${detail}`),
        };
      } finally {
        await repair();
      }
    },
  };
}

/** Leaves a snapshot that never finishes. There is at most one, because nothing removes it. */
export async function leaveInTheMaking({ world }: RecoveryFixture): Promise<void> {
  const { DBSnapshots = [] } = await world
    .client()
    .send(new rds.DescribeDBSnapshotsCommand({ DBInstanceIdentifier: instance }));
  if (DBSnapshots.some(({ Status }) => Status === 'creating')) return;
  world.aws.rds.faults.inject('stuck', { operation: 'CreateDBSnapshot', times: 1 });
  await world.takeSnapshot('stuck');
}

async function leaveOrphan(fixture: RecoveryFixture): Promise<() => Promise<void>> {
  await restoreFromSnapshot(byHand, {
    instance: orphan,
    drillId: 'orphan',
    instanceClass: 'db.t4g.micro',
    subnetGroup: 'default',
    securityGroupIds: ['sg-drill'],
  });
  await fixture.world.aws.rds.settled();
  return () => sweptAway(fixture);
}

async function change({ world }: RecoveryFixture, input: Partial<rds.ModifyDBInstanceCommandInput>) {
  await world
    .client()
    .send(
      new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier: instance, ApplyImmediately: true, ...input }),
    );
  await world.aws.rds.settled();
}

async function deleteSnapshot(
  { world }: RecoveryFixture,
  identifier: string,
  region?: string,
): Promise<void> {
  await world.client(region).send(new rds.DeleteDBSnapshotCommand({ DBSnapshotIdentifier: identifier }));
  await world.aws.rds.settled();
}

async function share({ world }: RecoveryFixture, snapshot: string, account: string, region?: string) {
  const modify = async (list: 'ValuesToAdd' | 'ValuesToRemove') => {
    const input = { DBSnapshotIdentifier: snapshot, AttributeName: 'restore', [list]: [account] };
    await world.client(region).send(new rds.ModifyDBSnapshotAttributeCommand(input));
  };
  await modify('ValuesToAdd');
  return () => modify('ValuesToRemove');
}

/** Sweeps the orphan away. Until then no drill may begin. */
async function sweptAway(fixture: RecoveryFixture): Promise<void> {
  const begun = await beginDrill(fixture.around(), { kind: 'snapshot' }).then(
    () => 'a drill began although the orphan exists',
    (error: Error) => error.message,
  );
  const swept = await sweepDrills({ ...recoveryPolicy, drillInstanceAgeMs: none });
  await fixture.world.aws.rds.settled();
  const left = await fixture.instancesLeft();
  if (!/one at a time/.test(begun)) throw new Error(begun);
  if (swept.join() !== orphan || left.length > 0)
    throw new Error(`swept: ${swept.join() || 'nothing'}; left: ${left.join() || 'nothing'}`);
}
