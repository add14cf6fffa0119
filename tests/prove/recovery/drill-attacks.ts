import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { evidenceConfig } from '#platform/config.ts';
import { putEvidence, readEvidence } from '#platform/evidence.ts';
import { beginDrill } from '#recovery/drill/begin.ts';
import { tickDrill } from '#recovery/drill/drill.ts';
import type { DrillWish } from '#recovery/drill/plan.ts';
import { brokenLinks, lastDrill, listDrillKeys } from '#recovery/drill/records.ts';
import type { DrillSurroundings } from '#recovery/drill/surroundings.ts';
import { waitText } from '#recovery/drill/wait.ts';
import { type RecoveryPolicy, recoveryPolicy } from '#recovery/policy.ts';
import { proofNames } from '#recovery/proofs/proof.ts';
import { asSuperuser } from '../clone.ts';
import { goodDrill } from './backed-up.ts';
import {
  type Sabotage,
  type Said,
  type Sighting,
  saidByChecks,
  saidByProofs,
  type Teller,
} from './sabotage.ts';
import type { RecoveryStage } from './stage.ts';

/** What the monitor tells once a drill has ended without having proven anything. */
const nothingProven: readonly Teller[] = ['drill', 'check last-drill', 'check recovery-time'];

/** Nothing may live longer than no time at all: what a policy says after hours, at once. */
const hasty: RecoveryPolicy = { ...recoveryPolicy, drillInstanceAgeMs: { warn: 0, fail: 0 } };

/** What a drill says of production that is as it must be, and everybody else who can be asked. */
const healthy: Sabotage = {
  name: 'nothing: a healthy backup',
  tellers: [],
  commit: async (stage) => {
    await using copy = await stage.copy();
    const sighting = await drilled(stage, {});
    return {
      ...sighting,
      said: [...sighting.said, ...saidByProofs((await stage.prove(copy.url)).outcomes)],
      note: 'every proof, every check and a drill',
    };
  },
};

interface Refused {
  readonly name: string;
  readonly fault: Parameters<RecoveryStage['world']['aws']['rds']['faults']['inject']>[0];
  readonly operation?: string;
  readonly says: RegExp;
  readonly begun?: Partial<DrillSurroundings>;
  readonly ticked?: Partial<DrillSurroundings>;
}

const restore = 'RestoreDBInstanceFromDBSnapshot';

/** What RDS does to a drill, and how the drill ends by it. */
const refusals: readonly Refused[] = [
  { name: 'restore denied', fault: 'denied', says: /RestoreDBInstanceFromDBSnapshot.*was refused: / },
  { name: 'restore over the quota', fault: 'quota', says: /was refused: .*quota/i },
  { name: 'KMS denied', fault: 'kms-denied', says: /was refused: .*KMS key/ },
  { name: 'restore incompatible', fault: 'incompatible-restore', says: /is incompatible-restore/ },
  { name: 'restore failed', fault: 'failed', says: /is failed/ },
  { name: 'restore stuck', fault: 'stuck', says: /not come to an end/, ticked: { policy: hasty } },
  {
    name: 'verifier cannot log in',
    fault: 'denied',
    operation: 'ModifyDBInstance',
    says: /lets nobody in: .*was refused/,
  },
];

const refused = refusals.map(
  ({ name, fault, operation = restore, says, ticked }): Sabotage => ({
    name,
    tellers: nothingProven,
    says,
    commit: (stage) =>
      drilled(stage, {
        meanwhile: async () => {
          stage.world.aws.rds.faults.inject(fault, { operation });
          // What is stuck is stuck only once it was begun.
          if (ticked) await tickDrill(stage.around());
        },
        ...(ticked && { ticked }),
      }),
  }),
);

const others: readonly Sabotage[] = [
  {
    name: 'no snapshot there that could be restored',
    tellers: nothingProven,
    says: /^unsaved has no snapshot that is available$/,
    commit: (stage) => drilled(stage, { begun: { source: 'unsaved' } }),
  },
  {
    name: 'drill of another database',
    tellers: ['check last-drill', 'check recovery-time'],
    says: /was of elsewhere and not of stockade\.$/,
    commit: async (stage) => ({
      said: saidByChecks(await stage.look({ lastDrill: async () => goodDrill(new Date(), 'elsewhere') })),
    }),
  },
  {
    name: 'record of a drill removed',
    tellers: ['check last-drill'],
    says: /these follow from none that is there: \S+03-queryable\.json\.$/,
    commit: async (stage) => {
      const { faults = [] } = await drilled(stage, {});
      const [id = '', keys = []] = [...(await listDrillKeys())].at(-1) ?? [];
      const key = keys.find((each) => each.endsWith(`${id}/02-available.json`)) ?? '';
      const bytes = (await readEvidence(key)) ?? new Uint8Array();
      await stage.world.aws.s3.lose(evidenceConfig().bucket, key);
      try {
        return { said: saidByChecks(await stage.look({ lastDrill })), faults };
      } finally {
        await putEvidence(key, bytes);
      }
    },
  },
  {
    name: 'copy gone while it is being proven',
    tellers: ['drill', 'proof loss', 'check last-drill'],
    // It goes when the first is through. Those that run beside it may be as well by then, and the last one is not.
    mayTell: proofNames
      .filter((proof) => proof !== 'schema' && proof !== 'loss')
      .map((proof) => `proof ${proof}` as const),
    says: /ECONNREFUSED|onnection terminated|shutting down|administrator command/,
    commit: (stage) => {
      let gone: Promise<unknown> | undefined;
      const production = stage.around().production;
      return drilled(stage, {
        ticked: {
          onOutcome: ({ proof }) => {
            if (proof === 'schema') gone = stopNewest(stage);
          },
          production: async (work) => {
            await gone;
            return await production(work);
          },
        },
      });
    },
  },
  {
    name: 'balance altered in production, and backed up so',
    tellers: ['drill', 'proof balances', 'check last-drill'],
    says: /^balances failed: target: item /,
    commit: async (stage) => {
      const alter = (by: number) =>
        asSuperuser(stage.world.adminUrl, async (superuser) => {
          await superuser.query(
            `update inventory.balances set on_hand = on_hand + $1
             where (org_id, item_id) = (
               select i.org_id, i.id from inventory.items i
               join tenancy.organizations o on o.id = i.org_id and o.slug = 'target'
               where i.sku = 'N'
             )`,
            [by],
          );
        });
      await alter(1);
      try {
        await stage.backUp();
        return await drilled(stage, {});
      } finally {
        await alter(-1);
        await stage.backUp();
      }
    },
  },
  {
    name: 'WAL gap on the way to the point in time',
    tellers: ['check latest-restorable-time', 'drill', 'check last-drill', 'check recovery-time'],
    says: /cannot be restored to a time later than/,
    commit: async (stage) => {
      const { rds } = stage.world.aws;
      const archive = () => rds.round({ snapshotEveryMs: Number.POSITIVE_INFINITY });
      try {
        await stage.post(['A']);
        await archive();
        const kept = new Date();
        await stage.post(['B']);
        const segment = await walSegment(stage);
        await archive();
        const at = new Date();
        await stage.post(['C']);
        await archive();
        // Whatever reaches to where the gap is to be is fresh enough.
        const age = () => ({ warn: Date.now() - kept.getTime(), fail: Date.now() - kept.getTime() });
        const look = async () =>
          saidByChecks(await stage.look({ policy: { ...recoveryPolicy, recoveryPointAgeMs: age() } }));
        const before = (await look()).filter(({ alarms }) => alarms);
        let checks: Said[] = [];
        const sighting = await drilled(stage, {
          wish: { kind: 'point-in-time', at },
          // It was there to be restored when the drill was asked for.
          meanwhile: async () => {
            await loseSegment(stage, segment);
            checks = (await look()).filter(({ by }) => by === 'check latest-restorable-time');
          },
        });
        return {
          ...sighting,
          said: [...checks, ...sighting.said.filter(({ by }) => by !== 'check latest-restorable-time')],
          faults: [
            ...(sighting.faults ?? []),
            ...before.map(({ by, detail }) => `before the gap ${by} says ${detail}`),
          ],
        };
      } finally {
        await stage.backUp();
      }
    },
  },
  {
    name: 'throttled API, while a drill is under way',
    tellers: ['drill'],
    says: /did not succeed/,
    commit: async (stage) => {
      const { faults } = stage.world.aws.rds;
      await beginDrill(stage.around(), { kind: 'snapshot' });
      faults.inject('throttled');
      const said = await tickDrill(stage.around()).then(
        ({ drill } = {} as never) => ({
          verdict: drill.verdict ? 'verdict' : 'none',
          alarms: false,
          detail: '',
        }),
        (error: Error) => ({ verdict: 'could not run', alarms: true, detail: error.message }),
      );
      faults.clear();
      const { drill } = await stage.untilOver();
      return {
        said: [{ by: 'drill', ...said }],
        note: 'carried on with afterwards, to a verdict',
        faults: [
          ...(drill.verdict?.passed ? [] : [`it ended with ${drill.verdict?.summary}`]),
          ...(await leftovers(stage)),
        ],
      };
    },
  },
];

/** What goes wrong with a drill and what a drill finds, each with a drill of its own. */
export const ofTheDrill: readonly Sabotage[] = [healthy, ...refused, ...others];

interface DrilledOptions {
  readonly wish?: DrillWish;
  /** What it is asked for with. */
  readonly begun?: Partial<DrillSurroundings>;
  /** Between the request and the first step. */
  readonly meanwhile?: () => Promise<void>;
  readonly ticked?: Partial<DrillSurroundings>;
}

/** What a drill and the monitor, who knows of it, say. */
async function drilled(
  stage: RecoveryStage,
  { wish = { kind: 'snapshot' }, begun, meanwhile, ticked }: DrilledOptions,
): Promise<Sighting> {
  const { faults } = stage.world.aws.rds;
  try {
    await beginDrill(stage.around(begun), wish);
    await meanwhile?.();
    const { drill, waitsFor } = await stage.untilOver(ticked);
    faults.clear();
    const { verdict } = drill;
    const said: Said = {
      by: 'drill',
      verdict: verdict ? (verdict.passed ? 'passed' : 'failed') : 'no verdict',
      alarms: !verdict?.passed,
      detail: verdict?.summary ?? '',
    };
    await stage.world.round();
    return {
      said: [
        said,
        ...saidByProofs(verdict?.proofs?.outcomes ?? []),
        ...saidByChecks(await stage.look({ lastDrill })),
      ],
      faults: [
        ...(waitsFor ? [`it still waits for ${waitText(waitsFor)}`] : []),
        ...(await leftovers(stage)),
      ],
    };
  } finally {
    faults.clear();
  }
}

/** What a drill has left behind that nothing may be left of. */
export async function leftovers(stage: RecoveryStage): Promise<string[]> {
  return [
    ...(await stage.instancesLeft()).map((name) => `${name} is still there`),
    ...(await brokenLinks()).map((link) => `the records of drills do not follow from each other: ${link}`),
  ];
}

async function stopNewest(stage: RecoveryStage): Promise<void> {
  const [name = ''] = await stage.instancesLeft();
  await stage.world.aws.rds.clusterOf(name)?.stop();
}

async function walSegment(stage: RecoveryStage): Promise<string> {
  return await asSuperuser(stage.world.adminUrl, async (superuser) => {
    const { rows } = await superuser.query<{ segment: string }>(
      'select pg_walfile_name(pg_current_wal_lsn()) as segment',
    );
    return rows[0]?.segment ?? '';
  });
}

/** From the archive, in whichever form it is there. */
async function loseSegment(stage: RecoveryStage, segment: string): Promise<void> {
  const folder = stage.world.cluster.archiveDirectory ?? '';
  for (const name of [segment, `${segment}.gz`]) await rm(join(folder, name), { force: true });
}
