import { openKept } from '#tests/prove/mutation/kept.ts';
import { proveTests } from '#tests/prove/mutation/prove-tests.ts';
import { readReasons, scoreOf, scoreText } from '#tests/prove/mutation/score.ts';
import { command } from '../cli/command.ts';
import * as option from '../cli/option.ts';

await command({
  name: 'prove:tests',
  summary: 'Plants small faults one at a time, and counts how many the tests notice.',
  description: [
    'Comparisons, bounds, conditions, defaults, order, arguments, missing awaits and swallowed errors, in TypeScript and in',
    'SQL. First the whole suite runs once to learn which tests reach which fault; then each fault is tried against those.',
    'Takes about an hour on two cores. Exit code 1 when a folder has less than 95 % killed, or a survivor has no reason in',
    'tests/prove/mutation/reasons.json.',
  ].join('\n'),
  options: {
    count: option.integer({ description: 'how many faults', min: 5, max: 20_000, default: 300 }),
    seed: option.integer({ description: 'draw another sample', min: 0, max: 1_000_000, default: 1 }),
    workers: option.integer({ description: 'how many faults at once', min: 1, max: 64, default: 2 }),
    patience: option.duration({
      description: 'how long the tests of one fault may take; what has survived till then has survived',
      minMs: 1_000,
      default: 600_000,
    }),
    only: option.several(option.text({ description: 'try this fault, by its id', placeholder: 'id' })),
    keep: option.path({
      description:
        'a folder that keeps what was learned and which faults were killed: the next run goes on from there',
    }),
  },
  examples: [
    { type: '', does: 'tries 300 faults' },
    { type: '--seed 2 --count 500', does: 'tries 500 others' },
    {
      type: '--keep .stockade/faults --only 1f0c2a9b3d',
      does: 'tries one again, and runs before only what has changed',
    },
  ],
  run: async ({ options, signal, progress, note }) => {
    const kept = await openKept(options.keep);
    note('Running the tests once, to learn which of them reach which fault …');
    let started = false;
    const verdicts = await proveTests({
      ...options,
      patienceMs: options.patience,
      kept,
      signal,
      onFailure: (test) => note(`left out, as it fails with nothing broken: ${test}`),
      onVerdict: ({ mutant, killedBy, ran }, done, total) => {
        if (!started) progress.start(total, 'faults');
        started = true;
        progress.update(done, total);
        if (killedBy === undefined)
          note(
            `survived ${ran.length} test files: ${mutant.id} ${mutant.file}:${mutant.line} (${mutant.kind})`,
          );
      },
    });
    const score = scoreOf(verdicts, await readReasons());
    return { text: scoreText(score), json: { ...score, verdicts }, failed: !score.reached };
  },
});
