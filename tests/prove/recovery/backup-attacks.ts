import * as rds from '@aws-sdk/client-rds';
import { beginDrill } from '#recovery/drill/begin.ts';
import { sweepDrills } from '#recovery/drill/sweep.ts';
import type { MonitorOptions } from '#recovery/monitor/monitor.ts';
import { configuredSource } from '#recovery/monitor/source-of.ts';
import { type RecoveryPolicy, recoveryPolicy } from '#recovery/policy.ts';
import { restoreFromSnapshot } from '#recovery/rds/rds.ts';
import { byHand, hourMs, instance, otherRegion } from './backed-up.ts';
import { type Sabotage, saidByChecks, type Teller } from './sabotage.ts';
import type { RecoveryStage } from './stage.ts';

/** What is wrong with what is kept, and done with the API that an administrator has. */
interface Neglected {
  readonly name: string;
  readonly tellers: readonly Teller[];
  readonly says: RegExp;
  /** What the monitor is asked with: before, when all must be well, and afterwards. */
  readonly with?: Partial<MonitorOptions>;
  /** Answers what puts it right again. */
  readonly neglect: (stage: RecoveryStage) => Promise<() => Promise<unknown>>;
}

/** What is wrong after hours is wrong at once. */
const atOnce = (of: Partial<RecoveryPolicy>): Partial<MonitorOptions> => ({
  policy: { ...recoveryPolicy, ...of },
});
const none = { warn: 0, fail: 0 };
const orphan = 'stockade-drill-orphan';

const neglected: readonly Neglected[] = [
  {
    name: 'automated backups switched off',
    tellers: ['check retention', 'check latest-restorable-time'],
    says: /Automated backups of stockade are switched off/,
    neglect: async (stage) => {
      await change(stage, { BackupRetentionPeriod: 0 });
      return async () => {
        await change(stage, { BackupRetentionPeriod: 14 });
        await stage.backUp();
      };
    },
  },
  {
    name: 'backups kept for too short a time',
    tellers: ['check retention'],
    says: /are kept for 3 days: 7 are wanted/,
    neglect: async (stage) => {
      await change(stage, { BackupRetentionPeriod: 3 });
      return () => change(stage, { BackupRetentionPeriod: 14 });
    },
  },
  {
    name: 'deletion protection off',
    tellers: ['check deletion-protection'],
    says: /can be deleted with one call/,
    neglect: async (stage) => {
      await change(stage, { DeletionProtection: false });
      return () => change(stage, { DeletionProtection: true });
    },
  },
  {
    name: 'snapshot failed',
    tellers: ['check snapshots-finish'],
    says: /failed: broken \(failed\)/,
    neglect: async (stage) => {
      stage.world.aws.rds.faults.inject('failed', { operation: 'CreateDBSnapshot', times: 1 });
      await stage.world.takeSnapshot('broken');
      return () => deleteSnapshot(stage, 'broken');
    },
  },
  {
    name: 'snapshot shared with another account',
    tellers: ['check snapshots-private'],
    says: /by-hand is shared with 111122223333/,
    neglect: (stage) => share(stage, byHand, '111122223333'),
  },
  {
    name: 'copy in the other region shared',
    tellers: ['check snapshots-private'],
    says: /by-hand-copy in eu-west-1 is shared with 111122223333/,
    neglect: (stage) => share(stage, `${byHand}-copy`, '111122223333', otherRegion),
  },
  {
    name: 'copy in the other region missing',
    tellers: ['check copy-elsewhere'],
    says: /There is no copy of stockade in eu-west-1/,
    neglect: async (stage) => {
      await deleteSnapshot(stage, `${byHand}-copy`, otherRegion);
      return () => stage.world.copyElsewhere(byHand);
    },
  },
  {
    name: 'orphan left by a drill that nobody remembers',
    tellers: ['check drill-leftovers'],
    says: /Instances of drills are still there: stockade-drill-orphan/,
    with: atOnce({ drillInstanceAgeMs: none }),
    neglect: leaveOrphan,
  },
  {
    name: 'orphan that is stuck in the making',
    tellers: ['check drill-leftovers'],
    says: /Instances of drills are still there: stockade-drill-orphan/,
    with: atOnce({ drillInstanceAgeMs: none }),
    neglect: (stage) => {
      const operation = 'RestoreDBInstanceFromDBSnapshot';
      stage.world.aws.rds.faults.inject('stuck', { operation, times: 1 });
      return leaveOrphan(stage);
    },
  },
];

/** What is wrong with what is kept of production. */
export const ofTheBackup: readonly Sabotage[] = [
  ...neglected.map(toSabotage),
  {
    name: 'stale snapshot: nothing backed up for 31 hours',
    tellers: ['check newest-snapshot', 'check latest-restorable-time', 'check copy-elsewhere'],
    says: /What is in the newest snapshot, \S+, is 1 d 7 h old; 1 d 6 h at most are wanted/,
    commit: async (stage) => ({
      said: saidByChecks(await stage.look({ now: new Date(Date.now() + 31 * hourMs) })),
    }),
  },
  {
    name: 'automated backups switched off, and on again',
    tellers: ['check retention'],
    says: /are kept for 14 days, but they reach back .+ only/,
    commit: async (stage) => {
      await stage.world.round();
      // As far back as there is anything to go back to now: it is no young instance by that.
      const { createdAt, earliestRestorableAt } = (await configuredSource().database()) ?? {};
      const reachSlackMs = Number(earliestRestorableAt) - Number(createdAt);
      const look = async () => saidByChecks(await stage.look(atOnce({ reachSlackMs })));
      const before = (await look()).filter(({ alarms }) => alarms);
      await change(stage, { BackupRetentionPeriod: 0 });
      await stage.world.round();
      await change(stage, { BackupRetentionPeriod: 14 });
      await stage.backUp();
      return {
        said: await look(),
        faults: before.map(({ by, detail }) => `before anything was done ${by} says: ${detail}`),
      };
    },
  },
  // Nothing ends one: it is the last.
  toSabotage({
    name: 'snapshot stuck in the making',
    tellers: ['check snapshots-finish'],
    says: /in the making for too long: stuck /,
    with: atOnce({ snapshotInTheMakingMs: none }),
    neglect: async (stage) => {
      await leaveInTheMaking(stage);
      return async () => {};
    },
  }),
];

function toSabotage({ name, tellers, says, with: options, neglect }: Neglected): Sabotage {
  return {
    name,
    tellers,
    says,
    commit: async (stage) => {
      await stage.world.round();
      const before = saidByChecks(await stage.look(options)).filter(({ alarms }) => alarms);
      const putRight = await neglect(stage);
      try {
        return {
          said: saidByChecks(await stage.look(options)),
          faults: before.map(({ by, detail }) => `before anything was done ${by} says: ${detail}`),
        };
      } finally {
        await putRight();
      }
    },
  };
}

/** A snapshot that never comes to an end; there is one of them for ever. */
export async function leaveInTheMaking({ world }: RecoveryStage): Promise<void> {
  const { DBSnapshots = [] } = await world
    .client()
    .send(new rds.DescribeDBSnapshotsCommand({ DBInstanceIdentifier: instance }));
  if (DBSnapshots.some(({ Status }) => Status === 'creating')) return;
  world.aws.rds.faults.inject('stuck', { operation: 'CreateDBSnapshot', times: 1 });
  await world.takeSnapshot('stuck');
}

async function leaveOrphan(stage: RecoveryStage): Promise<() => Promise<void>> {
  await restoreFromSnapshot(byHand, {
    instance: orphan,
    drillId: 'orphan',
    instanceClass: 'db.t4g.micro',
    subnetGroup: 'default',
    securityGroupIds: ['sg-drill'],
  });
  await stage.world.aws.rds.settled();
  return () => sweptAway(stage);
}

async function change({ world }: RecoveryStage, input: Partial<rds.ModifyDBInstanceCommandInput>) {
  await world
    .client()
    .send(
      new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier: instance, ApplyImmediately: true, ...input }),
    );
  await world.aws.rds.settled();
}

async function deleteSnapshot({ world }: RecoveryStage, identifier: string, region?: string): Promise<void> {
  await world.client(region).send(new rds.DeleteDBSnapshotCommand({ DBSnapshotIdentifier: identifier }));
  await world.aws.rds.settled();
}

async function share({ world }: RecoveryStage, snapshot: string, account: string, region?: string) {
  const modify = async (list: 'ValuesToAdd' | 'ValuesToRemove') => {
    const input = { DBSnapshotIdentifier: snapshot, AttributeName: 'restore', [list]: [account] };
    await world.client(region).send(new rds.ModifyDBSnapshotAttributeCommand(input));
  };
  await modify('ValuesToAdd');
  return () => modify('ValuesToRemove');
}

/** It keeps the next drill from beginning, and it is swept when it is old. */
async function sweptAway(stage: RecoveryStage): Promise<void> {
  const begun = await beginDrill(stage.around(), { kind: 'snapshot' }).then(
    () => 'a drill began beside it',
    (error: Error) => error.message,
  );
  const swept = await sweepDrills({ ...recoveryPolicy, drillInstanceAgeMs: none });
  await stage.world.aws.rds.settled();
  const left = await stage.instancesLeft();
  if (!/one at a time/.test(begun)) throw new Error(begun);
  if (swept.join() !== orphan || left.length > 0)
    throw new Error(`swept was ${swept.join() || 'nothing'}, and there is ${left.join() || 'nothing'}`);
}
