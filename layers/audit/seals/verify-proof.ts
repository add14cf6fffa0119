import { counted } from '#platform/text/plural.ts';
import { anchorKey } from './anchor-key.ts';
import { movementHash } from './leaf-hash.ts';
import { rootOfPath } from './merkle.ts';
import type { MovementProof } from './proof.ts';
import { type Seal, sealHash } from './seal.ts';
import { versionFault } from './version.ts';

/** Checks proofs with SHA-256 only: without a database, a network, or any data of this machine. */

/**
 * The faults of a proof, in words. Empty when the proof is right. This does not read the anchor: compare the anchor with
 * {@link lastSealOf} if you can read it.
 */
export function faultsOfProof(proof: MovementProof): string[] {
  const { organizationId, movement, leaf, seal, chain, anchor } = proof;
  const faults: string[] = [];
  if (leaf.size !== seal.movements) {
    faults.push(
      `the proof is for a tree of ${counted(leaf.size, 'leaf', 'leaves')}, but the seal covers ${counted(seal.movements, 'movement')}`,
    );
  }
  const isBehind = movement.entryId <= seal.boundary;
  const isBefore = seal.afterEntry !== null && movement.entryId <= seal.afterEntry;
  if (!isBehind || isBefore) {
    faults.push(
      `the entry ${movement.entryId} is not between ${seal.afterEntry ?? 'the beginning'} and ${seal.boundary}, the range of seal ${seal.seq}`,
    );
  }
  const leafHash = movementHash(movement, seal.version);
  const path = proof.path.map((hash) => Buffer.from(hash, 'hex'));
  const root = rootOfPath(leafHash, leaf, path);
  if (!root) {
    faults.push(
      `a path of ${counted(path.length, 'hash', 'hashes')} does not lead from leaf ${leaf.index} to the root of ${counted(leaf.size, 'leaf', 'leaves')}`,
    );
  } else if (Buffer.from(root).toString('hex') !== seal.merkleRoot) {
    faults.push(
      `the movement (leaf hash ${leafHash.toString('hex')}) leads to the root ${Buffer.from(root).toString('hex')}, ` +
        `but seal ${seal.seq} has ${seal.merkleRoot}: the movement, its path or the root was altered`,
    );
  }
  let previous: Seal | undefined;
  for (const link of [seal, ...chain]) {
    const version = versionFault(previous, link);
    if (version) faults.push(version);
    const hash = sealHash(organizationId, link);
    if (hash !== link.hash) {
      faults.push(
        `the fields of seal ${link.seq} have the hash ${hash}, not ${link.hash}: one of them was altered`,
      );
    }
    if (
      previous &&
      (link.previousHash !== previous.hash ||
        link.seq !== previous.seq + 1 ||
        link.afterEntry !== previous.boundary)
    ) {
      faults.push(
        `seal ${link.seq} does not follow seal ${previous.seq}: its previousHash is ${link.previousHash}`,
      );
    }
    previous = link;
  }
  const last = lastSealOf(proof);
  const key = anchorKey(organizationId, last.seq);
  if (anchor && anchor.key !== key) {
    faults.push(`the anchor of seal ${last.seq} is ${key}, not ${anchor.key}`);
  }
  return faults;
}

/** The last seal in the chain of a proof. The anchor of the proof belongs to it. */
export function lastSealOf({ seal, chain }: MovementProof): Seal {
  return chain.at(-1) ?? seal;
}
