import '#tests/prove/quiet.ts';
import { startProvingCluster } from '#tests/prove/cluster.ts';
import { resultsJson, resultsText } from '#tests/prove/isolation/report.ts';
import { isPerfect, parts, proveWall } from '#tests/prove/isolation/results.ts';
import { command } from '../cli/command.ts';
import * as option from '../cli/option.ts';

await command({
  name: 'prove:isolation',
  summary: 'Proves that organizations are isolated from each other, and that the attacks would find a gap.',
  description: [
    'On a temporary Postgres it runs the lint, tests the permissions of each role, injects hundreds of statements, and sends',
    'the same requests to worlds that differ only in another organization. Then it removes one safeguard at a time: the',
    'other parts must notice each. It takes about a quarter of an hour. Exit code 1 when something is found or was not noticed.',
  ].join('\n'),
  options: {
    only: option.several(option.choice(parts, { description: 'run only this part' })),
    runs: option.integer({
      description: 'the number of random request sequences for the comparison of worlds',
      min: 1,
      max: 100_000,
      default: 100,
    }),
    seed: option.integer({
      description: 'repeat the sequences of an earlier run',
      min: -2_147_483_648,
      max: 2_147_483_647,
    }),
  },
  examples: [
    { type: '', does: 'runs every part' },
    { type: '--only injection --json', does: 'only injects statements, and prints JSON' },
    { type: '--only non-interference --runs 2000', does: 'compares the worlds for longer' },
  ],
  run: async ({ options, signal, progress, note }) => {
    await using cluster = await startProvingCluster();
    let shown: string | undefined;
    const results = await proveWall(cluster, {
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
    return { text: resultsText(results), json: resultsJson(results), failed: !isPerfect(results) };
  },
});
