import { counted } from '#platform/text/plural.ts';
import { openKept } from '#tests/prove/mutation/kept.ts';
import { proveTests } from '#tests/prove/mutation/prove-tests.ts';
import { readReasons, scoreOf, scoreText, tallyOfScore } from '#tests/prove/mutation/score.ts';
import { command } from '../cli/command.ts';
import * as option from '../cli/option.ts';

await command({
  name: 'prove:tests',
  summary: 'Plants small faults one at a time, and counts how many the tests find (mutation testing).',
  description: [
    'The faults are changed comparisons, bounds, conditions, defaults, order, arguments, missing awaits and swallowed errors,',
    'in TypeScript and SQL. First the whole suite runs once, to learn which tests reach which fault. Then each fault is tried',
    'against those tests. It takes about an hour on two cores. Exit code 1 when less than 95 % of the faults of a folder are',
    'killed, or a survivor has no reason in tests/prove/mutation/reasons.json.',
  ].join('\n'),
  options: {
    count: option.integer({ description: 'the number of faults', min: 5, max: 20_000, default: 300 }),
    seed: option.integer({
      description: 'a number that selects the sample of faults',
      min: 0,
      max: 1_000_000,
      default: 1,
    }),
    workers: option.integer({
      description: 'the number of faults to try at once',
      min: 1,
      max: 64,
      default: 2,
    }),
    patience: option.duration({
      description: 'how long the tests of one fault may take; after that, the fault counts as survived',
      minMs: 1_000,
      default: 600_000,
    }),
    only: option.several(option.text({ description: 'try only this fault, by its id', placeholder: 'id' })),
    keep: option.path({
      description: 'a folder that records the results: the next run continues from there',
    }),
  },
  examples: [
    { type: '', does: 'tries 300 faults' },
    { type: '--seed 2 --count 500', does: 'tries another 500' },
    {
      type: '--keep .stockade/faults --only 1f0c2a9b3d',
      does: 'tries one fault again, and first runs only the tests of changed files',
    },
  ],
  run: async ({ options, signal, progress, note }) => {
    const kept = await openKept(options.keep);
    note('Running all tests once, to learn which tests reach which fault …');
    let started = false;
    const verdicts = await proveTests({
      ...options,
      patienceMs: options.patience,
      kept,
      signal,
      onFailure: (test) => note(`skipped, because it fails without any fault: ${test}`),
      onVerdict: ({ mutant, killedBy, ran }, done, total) => {
        if (!started) progress.start(total, 'faults');
        started = true;
        progress.update(done, total);
        if (killedBy === undefined)
          note(
            `survived ${counted(ran.length, 'test file')}: ${mutant.id} ${mutant.file}:${mutant.line} (${mutant.kind})`,
          );
      },
    });
    const score = scoreOf(verdicts, await readReasons());
    return {
      text: scoreText(score),
      json: { tally: tallyOfScore(score), ...score, verdicts },
      failed: !score.reached,
    };
  },
});
