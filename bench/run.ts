import { join } from 'node:path';
import { counted } from '#platform/text/plural.ts';
import { command } from '#scripts/cli/command.ts';
import { UsageError } from '#scripts/cli/failure.ts';
import * as option from '#scripts/cli/option.ts';
import { interruptedExitCode } from '#scripts/cli/stop-signal.ts';
import { paths } from '#scripts/paths.ts';
import type { BenchOptions } from './bench.ts';
import { benches, expectAll, measure } from './benches.ts';
import { untilAborted } from './interruption.ts';
import { describeMachine } from './report/machine.ts';
import { durationText, line } from './report/text.ts';
import { writeBenchmarks } from './report/write.ts';

const usual = { rounds: 9, roundMs: 1_000 };
const quick = { rounds: 3, roundMs: 200 };

await command({
  name: 'bench',
  summary: 'Measures ratios: each row compares two things that were measured in turns in one run.',
  description: benches.map(({ name, summary }) => `${name}: ${summary}`).join('\n'),
  options: {
    only: option.several(
      option.choice(
        benches.map(({ name }) => name),
        { description: 'measure only this', placeholder: 'name' },
      ),
    ),
    quick: option.flag({ description: 'fewer rounds and smaller sizes: for a look, not for a figure' }),
    large: option.flag({ description: 'growth up to 10,000,000 movements too' }),
    rounds: option.integer({ description: 'pairs to measure (9, or 3 with --quick)', min: 1, max: 1_000 }),
    roundMs: option.duration({
      flag: 'round',
      description: 'how long each side of a pair runs (1s, or 200ms with --quick)',
    }),
    pgledger: option.path({ description: 'the pgledger.sql to compare transfers with', exists: true }),
    pgledgerVersion: option.text({
      description: 'its version: a tag or a commit',
      placeholder: 'version',
      maxCharacters: 100,
    }),
    write: option.flag({ description: 'write docs/BENCHMARKS.md and its plots' }),
  },
  examples: [
    { type: '', does: 'measures everything, and changes no file' },
    { type: '--quick', does: 'measures everything in some minutes, with less certainty' },
    { type: '--only wall', does: 'measures the cost of isolation' },
    { type: '--only growth --large', does: 'measures growth up to 10,000,000 movements' },
    {
      type: '--only transfers --pgledger ../pgledger/pgledger.sql --pgledger-version v0.7.0',
      does: 'compares transfers with those of pgledger',
    },
    { type: '--write', does: 'writes docs/BENCHMARKS.md' },
  ],
  endsAtOnce: true,
  run: async ({ options: { only, write, pgledger, pgledgerVersion, ...given }, signal, note, progress }) => {
    if (write && (only.length > 0 || given.quick))
      throw new UsageError('--write needs a whole run', 'Leave --only and --quick out.');
    if ((pgledger === undefined) !== (pgledgerVersion === undefined))
      throw new UsageError('--pgledger and --pgledger-version belong together', 'Give both, or neither.');
    const defaults = given.quick ? quick : usual;
    const options: BenchOptions = {
      ...given,
      rounds: given.rounds ?? defaults.rounds,
      roundMs: given.roundMs ?? defaults.roundMs,
      pgledger: pgledger && pgledgerVersion ? { file: pgledger, version: pgledgerVersion } : undefined,
    };
    const chosen = benches.filter(({ name }) => only.length === 0 || only.includes(name));
    const expected = expectAll(chosen, options);
    note(
      `${counted(expected.comparisons, 'comparison')}, about ${durationText(expected.seconds)} on two cores.`,
    );
    signal.addEventListener('abort', () => note('\nDeleting the databases …'));
    const machine = describeMachine();
    let done = 0;
    progress.start(expected.comparisons, 'comparisons');
    const results = await untilAborted(
      signal,
      measure(chosen, options, {
        onBench: (name, leftOut) =>
          note(leftOut === undefined ? `${name} …` : `${name} is left out: ${leftOut}`),
        onPreparation: note,
        onComparison: (comparison) => {
          done += 1;
          note(line(comparison));
          progress.update(done);
        },
      }),
    );
    progress.stop();
    if (write) await writeBenchmarks(join(paths.root, 'docs'), { machine, options, results });
    const comparisons = results.flatMap((result) => result.comparisons);
    return { json: { machine, options, results }, text: comparisons.map(line).join('\n') };
  },
});
// What was interrupted may still wait for servers that are gone.
if (process.exitCode === interruptedExitCode) process.exit();
