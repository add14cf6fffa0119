import '#tests/prove/quiet.ts';
import { rm } from 'node:fs/promises';
import { isProven, proveValidator, tallyOfProof } from '#tests/prove/validator/proof.ts';
import { proofText } from '#tests/prove/validator/report.ts';
import { command } from '../cli/command.ts';
import { makeScratchFolder } from '../local/postgres/scratch-folder.ts';

await command({
  name: 'prove:validator',
  summary: 'Proves that validate:migration catches every bad migration of a corpus, and refuses no good one.',
  description: [
    'The corpus is tests/migrations/corpus. The table has the figures of squawk beside ours. Then every file runs on a temporary',
    'Postgres with rows in every table: its locks, rewrites and scans must be those that were expected. It takes about two',
    'minutes. Exit code 1 when something is missed, refused without reason, or not as expected.',
  ].join('\n'),
  examples: [
    { type: '', does: 'prints the table' },
    { type: '--json', does: 'prints every file by name, as JSON' },
  ],
  run: async ({ signal, progress }) => {
    const directory = makeScratchFolder('validator');
    let isStarted = false;
    try {
      const proof = await proveValidator({
        directory,
        signal,
        onFile: (done, total) => {
          if (!isStarted) progress.start(total, 'files');
          isStarted = true;
          progress.update(done, total);
        },
      });
      progress.stop();
      return {
        text: proofText(proof),
        json: { tally: tallyOfProof(proof), ok: isProven(proof), ...proof },
        failed: !isProven(proof),
      };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
});
