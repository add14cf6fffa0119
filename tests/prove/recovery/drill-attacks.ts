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
  type Reporter,
  type Sabotage,
  type Said,
  type Sighting,
  saidByChecks,
  saidByProofs,
} from './sabotage.ts';
import type { RecoveryStage } from './stage.ts';

/** Who reports a drill that has ended without proofs. */
const nothingProven: readonly Reporter[] = ['drill', 'check last-drill', 'check recovery-time'];

/** A policy under which a drill instance is too old at once, and not only after hours. */
const hasty: RecoveryPolicy = { ...recoveryPolicy, drillInstanceAgeMs: { warn: 0, fail: 0 } };

/** A healthy backup: the drill, every proof and every check must pass. */
const healthy: Sabotage = {
  name: 'nothing: a healthy backup',
  reporters: [],
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

/** Faults of RDS during a drill, and how the drill ends. */
const refusals: readonly Refused[] = [
  { name: 'restore denied', fault: 'denied', says: /RestoreDBInstanceFromDBSnapshot.*was refused: / },
  { name: 'restore over the quota', fault: 'quota', says: /was refused: .*quota/i },
  { name: 'KMS denied', fault: 'kms-denied', says: /was refused: .*KMS key/ },
  { name: 'restore incompatible', fault: 'incompatible-restore', says: /is incompatible-restore/ },
  { name: 'restore failed', fault: 'failed', says: /is failed/ },
  { name: 'restore stuck', fault: 'stuck', says: /did not finish/, ticked: { policy: hasty } },
  {
    name: 'verifier cannot log in',
    fault: 'denied',
    operation: 'ModifyDBInstance',
    says: /does not accept connections: .*was refused/,
  },
];

const refused = refusals.map(
  ({ name, fault, operation = restore, says, ticked }): Sabotage => ({
    name,
    reporters: nothingProven,
    says,
    commit: (stage) =>
      drilled(stage, {
        meanwhile: async () => {
          stage.world.aws.rds.faults.inject(fault, { operation });
          // A restore can be stuck only after it has begun.
          if (ticked) await tickDrill(stage.around());
        },
        ...(ticked && { ticked }),
      }),
  }),
);

const others: readonly Sabotage[] = [
  {
    name: 'no snapshot to restore',
    reporters: nothingProven,
    says: /^unsaved has no available snapshot$/,
    commit: (stage) => drilled(stage, { begun: { source: 'unsaved' } }),
  },
  {
    name: 'drill of another database',
    reporters: ['check last-drill', 'check recovery-time'],
    says: /restored elsewhere, not stockade\.$/,
    commit: async (stage) => ({
      said: saidByChecks(await stage.look({ lastDrill: async () => goodDrill(new Date(), 'elsewhere') })),
    }),
  },
  {
    name: 'drill record removed',
    reporters: ['check last-drill'],
    says: /removed or replaced before: \S+03-queryable\.json\.$/,
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
    name: 'copy lost while it is being proven',
    reporters: ['drill', 'proof loss', 'check last-drill'],
    // The copy stops after the first proof. The proofs in between may have finished by then; the last has not.
    mayReport: proofNames
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
    name: 'balance altered in production before the backup',
    reporters: ['drill', 'proof balances', 'check last-drill'],
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
    name: 'WAL gap before the point in time',
    reporters: ['check latest-restorable-time', 'drill', 'check last-drill', 'check recovery-time'],
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
        // A backup that reaches the later gap is fresh enough.
        const age = () => ({ warn: Date.now() - kept.getTime(), fail: Date.now() - kept.getTime() });
        const look = async () =>
          saidByChecks(await stage.look({ policy: { ...recoveryPolicy, recoveryPointAgeMs: age() } }));
        const before = (await look()).filter(({ alarms }) => alarms);
        let checks: Said[] = [];
        const sighting = await drilled(stage, {
          wish: { kind: 'point-in-time', at },
          // The gap appears only after the request of the drill.
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
            ...before.map(({ by, detail }) => `before the gap ${by} reports: ${detail}`),
          ],
        };
      } finally {
        await stage.backUp();
      }
    },
  },
  {
    name: 'throttled API during a drill',
    reporters: ['drill'],
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
        note: 'the drill carries on afterwards, to a verdict',
        faults: [
          ...(drill.verdict?.passed ? [] : [`the drill ended with ${drill.verdict?.summary}`]),
          ...(await leftovers(stage)),
        ],
      };
    },
  },
];

/** Sabotages of a drill, and those that a drill finds. Each has its own drill. */
export const drillAttacks: readonly Sabotage[] = [healthy, ...refused, ...others];

interface DrilledOptions {
  readonly wish?: DrillWish;
  /** The surroundings of the request. */
  readonly begun?: Partial<DrillSurroundings>;
  /** Runs between the request and the first step. */
  readonly meanwhile?: () => Promise<void>;
  /** The surroundings of the ticks. */
  readonly ticked?: Partial<DrillSurroundings>;
}

/** Runs a drill, then the monitor. Returns what both report. */
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
        ...(waitsFor ? [`the drill still waits for ${waitText(waitsFor)}`] : []),
        ...(await leftovers(stage)),
      ],
    };
  } finally {
    faults.clear();
  }
}

/** The faults that a finished drill must not leave: instances, and gaps in the records. */
export async function leftovers(stage: RecoveryStage): Promise<string[]> {
  return [
    ...(await stage.instancesLeft()).map((name) => `${name} still exists`),
    ...(await brokenLinks()).map((link) => `a drill record before ${link} is missing or was replaced`),
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

/** Removes a segment from the archive, compressed or not. */
async function loseSegment(stage: RecoveryStage, segment: string): Promise<void> {
  const folder = stage.world.cluster.archiveDirectory ?? '';
  for (const name of [segment, `${segment}.gz`]) await rm(join(folder, name), { force: true });
}
