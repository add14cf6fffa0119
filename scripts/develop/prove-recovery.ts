import '#tests/prove/quiet.ts';
import { resultsText, resultText } from '#tests/prove/recovery/report.ts';
import { proveRecovery } from '#tests/prove/recovery/results.ts';
import { sabotages } from '#tests/prove/recovery/sabotages.ts';
import { tallyOf } from '#tests/prove/tally.ts';
import { command } from '../cli/command.ts';
import { UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';

await command({
  name: 'prove:recovery',
  summary: 'Sabotages backups in every known way, and proves that the responsible check reports each.',
  description: [
    'On a temporary Postgres and RDS it removes rows from copies, flips bits in pages, lets restores fail, kills drills and',
    'takes permissions from the monitor. The right proof, check or drill must report each sabotage. No other may report it,',
    'none may say that all is well, and nothing may be reported about a healthy backup.',
    'Exit code 1 when one sabotage is not reported so.',
  ].join('\n'),
  options: {
    only: option.text({
      description: 'only the sabotages with this text in their name',
      placeholder: 'text',
    }),
  },
  examples: [
    { type: '', does: 'proves all of them, and prints a table' },
    { type: '--only healthy', does: 'runs every check on a healthy backup' },
    { type: '--only corrupted --json', does: 'only damage on disk, as JSON' },
  ],
  run: async ({ options, signal, note }) => {
    const only = sabotages.filter(({ name }) => name.includes(options.only ?? ''));
    if (only.length === 0) {
      const names = sabotages.map(({ name }) => name).join('; ');
      throw new UsageError(
        `no sabotage has ${JSON.stringify(options.only)} in its name`,
        `The sabotages are: ${names}.`,
      );
    }
    note('Preparing …');
    const results = await proveRecovery({ only, onResult: (result) => note(resultText(result)), signal });
    const tally = tallyOf(results.results, ({ faults }) => faults.length === 0);
    return { text: resultsText(results), json: { tally, ...results }, failed: !results.ok };
  },
});
