import { join } from 'node:path';
import { copyUrl } from '#recovery/drill/copy-url.ts';
import { type DrillState, tickDrill } from '#recovery/drill/drill.ts';
import type { DrillSurroundings } from '#recovery/drill/surroundings.ts';
import { beat } from '#recovery/heartbeat.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import { readProofBook } from '#recovery/proofs/book.ts';
import { describeDrillInstances } from '#recovery/rds/rds.ts';
import { withRole } from '#scripts/cli/database/connect.ts';
import type { LocalRds } from '#scripts/local/aws/rds/service.ts';
import { paths } from '#scripts/paths.ts';
import { asSuperuser } from '../clone.ts';
import { asJobs, inOrganization, post, targetSlug } from '../reconciliation/fixture.ts';

/** Runs drills of one instance, and writes to its database meanwhile. */
export interface Drilling {
  around(more?: Partial<DrillSurroundings>): DrillSurroundings;
  /** Ticks as the schedule does, until the drill is over or a minute has passed. */
  untilOver(more?: Partial<DrillSurroundings>): Promise<DrillState>;
  /** Posts one entry with a line for each of these SKUs. */
  post(skus: readonly string[]): Promise<void>;
  /** Records a heartbeat. */
  beat(): Promise<void>;
  instancesLeft(): Promise<string[]>;
}

const patienceMs = 60_000;

export async function openDrilling(
  source: string,
  adminUrl: string,
  rds: Pick<LocalRds, 'settled'>,
): Promise<Drilling> {
  const book = await readProofBook(join(paths.root, 'sql'));
  const around = (more?: Partial<DrillSurroundings>): DrillSurroundings => ({
    source,
    network: {},
    production: (work) => withRole(adminUrl, 'stockade_jobs', work),
    urlOf: (address) => copyUrl({ url: adminUrl, maxConnections: 1, deadlineMs: 0 }, address),
    book,
    policy: recoveryPolicy,
    time: { remainingMs: () => Number.POSITIVE_INFINITY },
    pollMs: 100,
    ...more,
  });
  return {
    around,
    async untilOver(more) {
      const giveUpAt = Date.now() + patienceMs;
      for (;;) {
        const state = await tickDrill(around(more));
        if (!state) throw new Error('there is no drill');
        if (state.waitsFor === undefined || Date.now() > giveUpAt) return state;
        await rds.settled();
      }
    },
    post: (skus) =>
      asSuperuser(adminUrl, async (superuser) => {
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
    beat: () => asJobs(adminUrl, async (jobs) => void (await beat(jobs))),
    instancesLeft: async () =>
      (await describeDrillInstances()).map(({ DBInstanceIdentifier: name = '' }) => name),
  };
}
