import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { command } from '../cli/command.ts';
import { CommandError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { parseProof, proofAnswer } from './proof-file.ts';

await command({
  name: 'verify:seal',
  summary: 'Checks a proof that a movement is in a seal, without database and network.',
  description: [
    'The proof is the answer of GET /v1/movements/{id}/proof. What is checked: that the movement is the leaf, that the path',
    'leads from it to the root of the seal, that the seal has the hash it says, and that the seals behind it follow.',
    'Whether the hash at the end is the one that was written down is for you to compare with the anchor in the bucket.',
    'Exit code 0 when everything fits, 1 when something does not, or the file is no proof.',
  ].join('\n'),
  arguments: {
    file: option.text({
      description: 'the proof as JSON; - reads it from stdin',
      placeholder: 'file',
      required: true,
    }),
  },
  examples: [
    { type: 'proof.json', does: 'checks the proof in the file' },
    { type: '--json proof.json', does: 'answers {ok, faults, movement, seal, compare, …} for a program' },
    { type: '-', does: 'checks what curl pipes into it' },
  ],
  run: async ({ arguments: { file } }) => {
    return proofAnswer(parseProof(file === '-' ? 'stdin' : file, await readProof(file)));
  },
});

async function readProof(file: string): Promise<string> {
  if (file === '-') return await text(process.stdin);
  return await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(
      `${file} cannot be read: ${error.code}`,
      'Name the file that holds the proof, or - for stdin.',
    );
  });
}
