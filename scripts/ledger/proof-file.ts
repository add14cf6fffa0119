import type { MovementProof } from '#audit/seals/proof.ts';
import { MovementProofShape } from '#audit/seals/proof-shape.ts';
import { repeatedKey } from '#audit/seals/repeated-key.ts';
import { faultsOfProof, lastSealOf } from '#audit/seals/verify-proof.ts';
import { olderSeals } from '#audit/seals/version.ts';
import type { Answer } from '../cli/command.ts';
import { CommandError } from '../cli/failure.ts';
import { olderText } from './answers.ts';

/**
 * Reads a proof.
 * @param name the file name, or stdin, for messages
 * @throws CommandError when the content is not a proof, or is ambiguous
 */
export function parseProof(name: string, content: string): MovementProof {
  const remedy = 'Save the unchanged answer of GET /v1/movements/{id}/proof.';
  // Some programs save text with a byte order mark.
  const json = content.replace(/^\uFEFF/, '');
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw new CommandError(`${name} is not JSON: ${JSON.stringify(content.slice(0, 60))}`, remedy);
  }
  const twice = repeatedKey(json);
  if (twice !== undefined) {
    throw new CommandError(`${name} is not a proof: the key ${JSON.stringify(twice)} appears twice`, remedy);
  }
  const proof = MovementProofShape.safeParse(parsed);
  if (proof.success) return proof.data;
  const [issue] = proof.error.issues;
  throw new CommandError(
    `${name} is not a proof: ${issue?.path.join('.') || 'it'}: ${issue?.message}`,
    remedy,
  );
}

/** Whether a proof holds, and the hash that the reader has to compare. */
export function proofAnswer(proof: MovementProof): Answer {
  const faults = faultsOfProof(proof);
  const last = lastSealOf(proof);
  const older = olderSeals([proof.seal, ...proof.chain]);
  const { movement, seal, anchor } = proof;
  const id = `${movement.entryId}.${movement.line}`;
  return {
    failed: faults.length > 0,
    json: {
      ok: faults.length === 0,
      movement: id,
      organizationId: proof.organizationId,
      faults,
      olderSeals: older,
      seal: { version: seal.version, seq: seal.seq, hash: seal.hash, sealedAt: seal.sealedAt },
      compare: { seq: last.seq, hash: last.hash, anchor: anchor?.key ?? null },
    },
    text:
      faults.length > 0
        ? ['The proof is wrong:', ...faults.map((fault) => `  ${fault}`)].join('\n')
        : [
            `Movement ${id} (${movement.kind}, ${movement.quantity}) is number ${proof.leaf.index + 1} of ${proof.leaf.size} in seal ${seal.seq} of ${seal.sealedAt}.`,
            ...older.map(olderText),
            anchor
              ? `Compare with ${anchor.key} in the evidence bucket: the hash of seal ${last.seq} must be ${last.hash}.`
              : `The hash of seal ${last.seq} is ${last.hash}. It was not anchored yet when this proof was created.`,
          ].join('\n'),
  };
}
