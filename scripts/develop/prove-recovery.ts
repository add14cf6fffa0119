import '#tests/prove/quiet.ts';
import { proveRecovery } from '#tests/prove/recovery/proof.ts';
import { proofText, resultText } from '#tests/prove/recovery/report.ts';
import { sabotages } from '#tests/prove/recovery/sabotages.ts';
import { command } from '../cli/command.ts';
import { UsageError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';

await command({
  name: 'prove:recovery',
  summary: 'Breaks backups in every way there is, and proves that each is told by whom it concerns.',
  description: [
    'On a Postgres and an RDS of its own: copies with something missing, pages with bits turned over, restores that fail,',
    'drills that are killed, monitors that may not look. Each must be told by the right proof, check or drill; nobody may',
    'say that it is well, nobody whom it does not concern may tell, and of a healthy backup nobody may tell anything.',
    'Exit code 1 when one is not.',
  ].join('\n'),
  options: {
    only: option.text({ description: 'only those whose name contains this', placeholder: 'text' }),
  },
  examples: [
    { type: '', does: 'proves all of them and prints the table' },
    { type: '--only healthy', does: 'asks everybody about a healthy backup' },
    { type: '--only corrupted --json', does: 'only damage on disk, for a program' },
  ],
  run: async ({ options, signal, note }) => {
    const only = sabotages.filter(({ name }) => name.includes(options.only ?? ''));
    if (only.length === 0) {
      const names = sabotages.map(({ name }) => name).join('; ');
      throw new UsageError(
        `no sabotage has ${JSON.stringify(options.only)} in its name`,
        `There are: ${names}.`,
      );
    }
    note('setting the stage …');
    const proof = await proveRecovery({ only, onResult: (result) => note(resultText(result)), signal });
    return { text: proofText(proof), json: proof, failed: !proof.ok };
  },
});
