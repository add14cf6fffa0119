import fc from 'fast-check';
import type { Client } from 'pg';
import { beforeAll, test } from 'vitest';
import { openAws } from '#tests/aws.ts';
import { openWorld } from '#tests/world.ts';
import { everythingAgrees } from './agreement.ts';
import { holds } from './report.ts';
import { playRound, round } from './round.ts';
import { sealMeanwhile } from './sealing.ts';
import { agreeing, begin, type Ground, openGround } from './sequence.ts';
import { modelSettings } from './settings.ts';

const world = openWorld();
openAws();

let ground: Ground;
/** A seal takes several transactions of one connection: each organization has its own. */
let jobs: readonly [Client, Client];
beforeAll(async () => {
  ground = await openGround(world);
  jobs = [await world.connect('stockade_jobs'), await world.connect('stockade_jobs')];
});

const settings = modelSettings(16);

test('what is asked at once is answered as if it had been asked in some order, and nothing is lost or there twice', async () => {
  const rounds = fc.noBias(fc.array(round, { minLength: 1, maxLength: 5, size: 'max' }));
  await holds(settings, rounds, async (drawn) => {
    const play = await begin(ground);
    await agreeing(play, async () => {
      for (const round of drawn)
        await playRound(play, round, (side) => sealMeanwhile(jobs[play.sides.indexOf(side)] as Client, side));
      await everythingAgrees(play);
    });
    return play.trace.length;
  });
}, 3_600_000);
