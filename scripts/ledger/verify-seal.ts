import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { command } from '../cli/command.ts';
import { CommandError } from '../cli/failure.ts';
import * as option from '../cli/option.ts';
import { parseProof, proofAnswer } from './proof-file.ts';

await command({
  name: 'verify:seal',
  summary: 'Checks a proof that a seal contains a movement, without a database or network.',
  description: [
    'The proof is the answer of GET /v1/movements/{id}/proof. The command checks that the movement is the leaf, that the',
    'path leads from the leaf to the root of the seal, that the hash of the seal is correct, and that the later seals follow.',
    'It prints the last hash: compare it with the anchor in the evidence bucket.',
    'Exit code 0 when the proof holds, 1 when it does not, or the file is not a proof.',
  ].join('\n'),
  arguments: {
    file: option.text({
      description: 'the proof as JSON, or - for stdin',
      placeholder: 'file',
      required: true,
    }),
  },
  examples: [
    { type: 'proof.json', does: 'checks the proof in that file' },
    { type: '--json proof.json', does: 'prints {ok, faults, movement, seal, compare, …}' },
    { type: '-', does: 'checks the proof that curl pipes into it' },
  ],
  run: async ({ arguments: { file } }) => {
    return proofAnswer(parseProof(file === '-' ? 'stdin' : file, await readProof(file)));
  },
});

async function readProof(file: string): Promise<string> {
  if (file === '-') return await text(process.stdin);
  return await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(
      `cannot read ${file}: ${error.code}`,
      'Name the file with the proof, or - for stdin.',
    );
  });
}
