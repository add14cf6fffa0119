import { beforeAll } from 'vitest';
import { newestDrill } from '#recovery/drill/records.ts';
import { openRds, type RdsWorld } from '#tests/rds.ts';
import { createFixture } from '../../prove/reconciliation/fixture.ts';
import { type Drilling, openDrilling } from '../../prove/recovery/drilling.ts';

/** An RDS with a sealed and anchored ledger. Its newest snapshot contains the whole ledger. */
export interface DrillWorld extends Drilling {
  readonly rds: RdsWorld;
}

export function openDrillWorld(): DrillWorld {
  const rds = openRds();
  let drilling: Drilling;
  beforeAll(async () => {
    drilling = await openDrilling(rds.instance, rds.adminUrl, rds.rds);
    await createFixture(rds.adminUrl);
    await drilling.beat();
    await rds.backUp();
  }, 120_000);
  return {
    rds,
    around: (more) => drilling.around(more),
    untilOver: (more) => drilling.untilOver(more),
    post: (skus) => drilling.post(skus),
    beat: () => drilling.beat(),
    instancesLeft: () => drilling.instancesLeft(),
  };
}

/** The record of the newest drill. */
export async function theDrill() {
  const drill = await newestDrill();
  if (!drill) throw new Error('there is no drill');
  return drill;
}
