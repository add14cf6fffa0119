import type * as z from 'zod';
import { repeatedKey } from '#audit/seals/repeated-key.ts';
import { faultsOfProof, lastSealOf, MovementProofShape } from '#audit/seals/verify-proof.ts';
import type { Answer } from '../cli/command.ts';
import { CommandError } from '../cli/failure.ts';

export type MovementProof = z.infer<typeof MovementProofShape>;

/**
 * Reads a proof.
 * @param name what people call where the content came from
 * @throws CommandError when it is no proof, or could be read as two
 */
export function parseProof(name: string, content: string): MovementProof {
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

/** Whether a proof holds, and what is to be compared by whoever checks it. */
export function proofAnswer(proof: MovementProof): Answer {
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
}
