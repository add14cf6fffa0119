import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type * as z from 'zod';
import { repeatedKey } from '#ledger/seals/repeated-key.ts';
import { faultsOfProof, lastSealOf, MovementProofShape } from '#ledger/seals/verify-proof.ts';
import { command } from './cli/command.ts';
import { CommandError } from './cli/failure.ts';
import * as option from './cli/option.ts';

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
    const proof = parseProof(file, await readProof(file));
    const faults = faultsOfProof(proof);
    const last = lastSealOf(proof);
    const { movement, seal, anchor } = proof;
    const id = `${movement.entryId}.${movement.line}`;
    return {
      failed: faults.length > 0,
      json: {
        ok: faults.length === 0,
        movement: id,
        organizationId: proof.organizationId,
        faults,
        seal: { seq: seal.seq, hash: seal.hash, sealedAt: seal.sealedAt },
        compare: { seq: last.seq, hash: last.hash, anchor: anchor?.key ?? null },
      },
      text:
        faults.length > 0
          ? [`The proof does not hold:`, ...faults.map((fault) => `  ${fault}`)].join('\n')
          : [
              `Movement ${id} (${movement.kind}, ${movement.quantity}) is number ${proof.leaf.index + 1} of ${proof.leaf.size} in seal ${seal.seq} of ${seal.sealedAt}.`,
              anchor
                ? `Compare with ${anchor.key} in the evidence bucket: seal ${last.seq} must have the hash ${last.hash}.`
                : `Seal ${last.seq} has the hash ${last.hash}; when this proof was made it was not anchored yet.`,
            ].join('\n'),
    };
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

function parseProof(file: string, content: string): z.infer<typeof MovementProofShape> {
  const name = file === '-' ? 'stdin' : file;
  const remedy = 'Save the answer of GET /v1/movements/{id}/proof as it came.';
  // Some programs that save text put a mark in front of it.
  const json = content.replace(/^\uFEFF/, '');
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw new CommandError(`${name} holds no JSON: ${JSON.stringify(content.slice(0, 60))}`, remedy);
  }
  const twice = repeatedKey(json);
  if (twice !== undefined) {
    throw new CommandError(`${name} is no proof: it has the key ${JSON.stringify(twice)} twice`, remedy);
  }
  const proof = MovementProofShape.safeParse(parsed);
  if (proof.success) return proof.data;
  const [issue] = proof.error.issues;
  throw new CommandError(`${name} is no proof: ${issue?.path.join('.') || 'it'}: ${issue?.message}`, remedy);
}
