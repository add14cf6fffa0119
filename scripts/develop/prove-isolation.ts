import '#tests/prove/quiet.ts';
import { startProvingCluster } from '#tests/prove/cluster.ts';
import { isPerfect, parts, proveWall } from '#tests/prove/isolation/proof.ts';
import { proofJson, proofText } from '#tests/prove/isolation/report.ts';
import { command } from '../cli/command.ts';
import * as option from '../cli/option.ts';

await command({
  name: 'prove:isolation',
  summary: 'Proves that organizations are kept apart, and that the proof would notice if they were not.',
  description: [
    'On a Postgres of its own: the lint, what each role may do, hundreds of injected statements, the same requests in',
    'worlds that differ only in another organization, and the wall with one stone missing at a time, each of which the',
    'others must notice. Takes about ten minutes; exit code 1 when anything is found, and a survivor is named.',
  ].join('\n'),
  options: {
    only: option.several(option.choice(parts, { description: 'prove this part alone' })),
    runs: option.integer({
      description: 'random sequences of requests for the comparison of worlds',
      min: 1,
      max: 100_000,
      default: 100,
    }),
    seed: option.integer({
      description: 'draw the sequences of an earlier run again',
      min: -2_147_483_648,
      max: 2_147_483_647,
    }),
  },
  examples: [
    { type: '', does: 'proves everything' },
    { type: '--only drill --json', does: 'only injects statements, and answers JSON' },
    { type: '--only non-interference --runs 2000', does: 'compares the worlds for longer' },
  ],
  run: async ({ options, signal, progress, note }) => {
    await using cluster = await startProvingCluster();
    let shown: string | undefined;
    const proof = await proveWall(cluster, {
      only: options.only.length > 0 ? options.only : parts,
      runs: options.runs,
      seed: options.seed,
      signal,
      onStep: (part, done, total) => {
        if (part !== shown) {
          progress.stop();
          note(`${part} …`);
          progress.start(total, part);
          shown = part;
        }
        progress.update(done, total);
      },
    });
    progress.stop();
    return { text: proofText(proof), json: proofJson(proof), failed: !isPerfect(proof) };
  },
});
