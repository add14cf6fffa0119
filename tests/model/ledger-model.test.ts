import fc from 'fast-check';
import { beforeAll, test } from 'vitest';
import { openAws } from '#tests/aws.ts';
import { openWorld } from '#tests/world.ts';
import { operation } from './operations/operations.ts';
import { holds } from './report.ts';
import { type Ground, openGround, playThrough, Step } from './sequence.ts';
import { modelSettings } from './settings.ts';

const world = openWorld();
openAws();

let ground: Ground;
beforeAll(async () => {
  ground = await openGround(world);
});

const settings = modelSettings(24);
const mostOperations = 70;

test('whatever two organizations ask, in whatever order, is answered as a plain ledger answers it', async () => {
  const { replayPath } = settings;
  const steps = fc.noBias(
    fc.commands([operation.map((drawn) => new Step(drawn))], {
      maxCommands: mostOperations,
      size: 'max',
      ...(replayPath && { replayPath }),
    }),
  );
  await holds(settings, steps, async (sequence) => {
    const play = await playThrough(ground, sequence);
    return play.trace.length;
  });
}, 3_600_000);
