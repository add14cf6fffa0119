import { join } from 'node:path';
import { beforeAll } from 'vitest';
import { type DrillState, type DrillSurroundings, tickDrill } from '#recovery/drill.ts';
import { copyUrl } from '#recovery/drill-copy-url.ts';
import { newestDrill } from '#recovery/drill-records.ts';
import { beat } from '#recovery/heartbeat.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { readProofBook } from '#recovery/proofs/book.ts';
import { describeDrillInstances } from '#recovery/rds.ts';
import { withRole } from '#scripts/cli/connect.ts';
import { paths } from '#scripts/paths.ts';
import { asSuperuser } from '#scripts/prove/clone.ts';
import { asJobs, inOrganization, post, setStage, targetSlug } from '#scripts/prove/reconciliation/stage.ts';
import { openRds, type RdsWorld } from '#tests/rds.ts';

/** An RDS with a ledger that is sealed and anchored, whose newest snapshot has all of it. */
export interface DrillWorld {
  readonly rds: RdsWorld;
  around(more?: Partial<DrillSurroundings>): DrillSurroundings;
  /** Ticks as the schedule does, until the drill is over or nothing moves any more. */
  untilOver(more?: Partial<DrillSurroundings>): Promise<DrillState>;
  /** Posts one entry with a line for each of these SKUs. */
  post(skus: readonly string[]): Promise<void>;
  /** Writes a heartbeat. */
  beat(): Promise<void>;
  instancesLeft(): Promise<string[]>;
}

const patienceMs = 60_000;

export function openDrillWorld(): DrillWorld {
  const rds = openRds();
  const book = readProofBook(join(paths.root, 'sql'));
  let readBook: Awaited<typeof book>;

  const world: DrillWorld = {
    rds,
    around: (more) => ({
      source: rds.instance,
      network: {},
      production: (work) => withRole(rds.adminUrl, 'stockade_jobs', work),
      urlOf: (address) => copyUrl({ url: rds.adminUrl, maxConnections: 1, deadlineMs: 0 }, address),
      book: readBook,
      policy: recoveryPolicy,
      time: { remainingMs: () => Number.POSITIVE_INFINITY },
      pollMs: 100,
      ...more,
    }),
    async untilOver(more) {
      const giveUpAt = Date.now() + patienceMs;
      for (;;) {
        const state = await tickDrill(world.around(more));
        if (!state) throw new Error('there is no drill');
        if (state.waitsFor === undefined || Date.now() > giveUpAt) return state;
        await rds.rds.settled();
      }
    },
    post: (skus) =>
      asSuperuser(rds.adminUrl, async (superuser) => {
        const { rows } = await superuser.query<{ id: string }>(
          'select id from tenancy.organizations where slug = $1',
          [targetSlug],
        );
        await inOrganization(superuser, rows[0]?.id ?? '', () =>
          post(
            superuser,
            'receipt',
            skus.map((sku) => [sku, 1] as const),
          ),
        );
      }),
    beat: () => asJobs(rds.adminUrl, async (jobs) => void (await beat(jobs))),
    instancesLeft: async () =>
      (await describeDrillInstances()).map(({ DBInstanceIdentifier: name = '' }) => name),
  };

  beforeAll(async () => {
    readBook = await book;
    await setStage(rds.adminUrl);
    await world.beat();
    await rds.backUp();
  }, 120_000);
  return world;
}

/** The drill as it is written down. */
export async function theDrill() {
  const drill = await newestDrill();
  if (!drill) throw new Error('there is no drill');
  return drill;
}
