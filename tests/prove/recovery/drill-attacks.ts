import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { putEvidence, readEvidence } from '#platform/aws/evidence.ts';
import { evidenceConfig } from '#platform/config.ts';
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
import type { RecoveryFixture } from './fixture.ts';
import {
  type Reporter,
  type Sabotage,
  type Said,
  type Sighting,
  saidByChecks,
  saidByProofs,
} from './sabotage.ts';

/** Who reports a drill that has ended without proofs. */
const nothingProven: readonly Reporter[] = ['drill', 'check last-drill', 'check recovery-time'];

/** A policy under which a drill instance is too old at once, and not only after hours. */
const hasty: RecoveryPolicy = { ...recoveryPolicy, drillInstanceAgeMs: { warn: 0, fail: 0 } };

/** A healthy backup: the drill, every proof and every check must pass. */
const healthy: Sabotage = {
  name: 'nothing: a healthy backup',
  reporters: [],
  commit: async (fixture) => {
    await using copy = await fixture.copy();
    const sighting = await drilled(fixture, {});
    return {
      ...sighting,
      said: [...sighting.said, ...saidByProofs((await fixture.prove(copy.url)).outcomes)],
      note: 'every proof, every check and a drill',
    };
  },
};

interface Refused {
  readonly name: string;
  readonly fault: Parameters<RecoveryFixture['world']['aws']['rds']['faults']['inject']>[0];
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
    commit: (fixture) =>
      drilled(fixture, {
        meanwhile: async () => {
          fixture.world.aws.rds.faults.inject(fault, { operation });
          // A restore can be stuck only after it has begun.
          if (ticked) await tickDrill(fixture.around());
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
    commit: (fixture) => drilled(fixture, { begun: { source: 'unsaved' } }),
  },
  {
    name: 'drill of another database',
    reporters: ['check last-drill', 'check recovery-time'],
    says: /restored elsewhere, not stockade\.$/,
    commit: async (fixture) => ({
      said: saidByChecks(await fixture.look({ lastDrill: async () => goodDrill(new Date(), 'elsewhere') })),
    }),
  },
  {
    name: 'drill record removed',
    reporters: ['check last-drill'],
    says: /removed or replaced before: \S+03-queryable\.json\.$/,
    commit: async (fixture) => {
      const { faults = [] } = await drilled(fixture, {});
      const [id = '', keys = []] = [...(await listDrillKeys())].at(-1) ?? [];
      const key = keys.find((each) => each.endsWith(`${id}/02-available.json`)) ?? '';
      const bytes = (await readEvidence(key)) ?? new Uint8Array();
      await fixture.world.aws.s3.lose(evidenceConfig().bucket, key);
      try {
        return { said: saidByChecks(await fixture.look({ lastDrill })), faults };
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
    commit: (fixture) => {
      let gone: Promise<unknown> | undefined;
      const production = fixture.around().production;
      return drilled(fixture, {
        ticked: {
          onOutcome: ({ proof }) => {
            if (proof === 'schema') gone = stopNewest(fixture);
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
    commit: async (fixture) => {
      const alter = (by: number) =>
        asSuperuser(fixture.world.adminUrl, async (superuser) => {
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
        await fixture.backUp();
        return await drilled(fixture, {});
      } finally {
        await alter(-1);
        await fixture.backUp();
      }
    },
  },
  {
    name: 'WAL gap before the point in time',
    reporters: ['check latest-restorable-time', 'drill', 'check last-drill', 'check recovery-time'],
    says: /cannot be restored to a time later than/,
    commit: async (fixture) => {
      const { rds } = fixture.world.aws;
      const archive = () => rds.round({ snapshotEveryMs: Number.POSITIVE_INFINITY });
      try {
        await fixture.post(['A']);
        await archive();
        const kept = new Date();
        await fixture.post(['B']);
        const segment = await walSegment(fixture);
        await archive();
        const at = new Date();
        await fixture.post(['C']);
        await archive();
        // A backup that reaches the later gap is fresh enough.
        const age = () => ({ warn: Date.now() - kept.getTime(), fail: Date.now() - kept.getTime() });
        const look = async () =>
          saidByChecks(await fixture.look({ policy: { ...recoveryPolicy, recoveryPointAgeMs: age() } }));
        const before = (await look()).filter(({ alarms }) => alarms);
        let checks: Said[] = [];
        const sighting = await drilled(fixture, {
          wish: { kind: 'point-in-time', at },
          // The gap appears only after the request of the drill.
          meanwhile: async () => {
            await loseSegment(fixture, segment);
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
        await fixture.backUp();
      }
    },
  },
  {
    name: 'throttled API during a drill',
    reporters: ['drill'],
    says: /did not succeed/,
    commit: async (fixture) => {
      const { faults } = fixture.world.aws.rds;
      await beginDrill(fixture.around(), { kind: 'snapshot' });
      faults.inject('throttled');
      const said = await tickDrill(fixture.around()).then(
        ({ drill } = {} as never) => ({
          verdict: drill.verdict ? 'verdict' : 'none',
          alarms: false,
          detail: '',
        }),
        (error: Error) => ({ verdict: 'could not run', alarms: true, detail: error.message }),
      );
      faults.clear();
      const { drill } = await fixture.untilOver();
      return {
        said: [{ by: 'drill', ...said }],
        note: 'the drill carries on afterwards, to a verdict',
        faults: [
          ...(drill.verdict?.passed ? [] : [`the drill ended with ${drill.verdict?.summary}`]),
          ...(await leftovers(fixture)),
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
  fixture: RecoveryFixture,
  { wish = { kind: 'snapshot' }, begun, meanwhile, ticked }: DrilledOptions,
): Promise<Sighting> {
  const { faults } = fixture.world.aws.rds;
  try {
    await beginDrill(fixture.around(begun), wish);
    await meanwhile?.();
    const { drill, waitsFor } = await fixture.untilOver(ticked);
    faults.clear();
    const { verdict } = drill;
    const said: Said = {
      by: 'drill',
      verdict: verdict ? (verdict.passed ? 'passed' : 'failed') : 'no verdict',
      alarms: !verdict?.passed,
      detail: verdict?.summary ?? '',
    };
    await fixture.world.round();
    return {
      said: [
        said,
        ...saidByProofs(verdict?.proofs?.outcomes ?? []),
        ...saidByChecks(await fixture.look({ lastDrill })),
      ],
      faults: [
        ...(waitsFor ? [`the drill still waits for ${waitText(waitsFor)}`] : []),
        ...(await leftovers(fixture)),
      ],
    };
  } finally {
    faults.clear();
  }
}

/** The faults that a finished drill must not leave: instances, and gaps in the records. */
export async function leftovers(fixture: RecoveryFixture): Promise<string[]> {
  return [
    ...(await fixture.instancesLeft()).map((name) => `${name} still exists`),
    ...(await brokenLinks()).map((link) => `a drill record before ${link} is missing or was replaced`),
  ];
}

async function stopNewest(fixture: RecoveryFixture): Promise<void> {
  const [name = ''] = await fixture.instancesLeft();
  await fixture.world.aws.rds.clusterOf(name)?.stop();
}

async function walSegment(fixture: RecoveryFixture): Promise<string> {
  return await asSuperuser(fixture.world.adminUrl, async (superuser) => {
    const { rows } = await superuser.query<{ segment: string }>(
      'select pg_walfile_name(pg_current_wal_lsn()) as segment',
    );
    return rows[0]?.segment ?? '';
  });
}

/** Removes a segment from the archive, compressed or not. */
async function loseSegment(fixture: RecoveryFixture, segment: string): Promise<void> {
  const folder = fixture.world.cluster.archiveDirectory ?? '';
  for (const name of [segment, `${segment}.gz`]) await rm(join(folder, name), { force: true });
}
