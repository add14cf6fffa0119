import { createHash } from 'node:crypto';

/**
 * The Merkle tree of RFC 6962, section 2.1, with SHA-256. The database builds the same trees in SQL. This implementation
 * follows the RFC and shares nothing with the SQL, so that each verifies the other.
 */

export function leafHash(data: Uint8Array): Buffer {
  return createHash('sha256').update(leafPrefix).update(data).digest();
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(nodePrefix).update(left).update(right).digest();
}

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

/** Computes the root over leaf hashes that arrive one by one. It keeps one hash for each bit of their number. */
export class MerkleRoot {
  /** The roots of complete subtrees, the largest first. Each is smaller than the one before. */
  private readonly complete: { readonly size: number; readonly hash: Uint8Array }[] = [];

  add(hash: Uint8Array): void {
    let subtree = { size: 1, hash };
    while (this.complete.at(-1)?.size === subtree.size) {
      const left = this.complete.pop();
      if (left) subtree = { size: 2 * subtree.size, hash: nodeHash(left.hash, subtree.hash) };
    }
    this.complete.push(subtree);
  }

  /** The root over all hashes so far. Undefined when there are none. */
  root(): Uint8Array | undefined {
    return this.complete.reduceRight<Uint8Array | undefined>(
      (right, { hash }) => (right ? nodeHash(hash, right) : hash),
      undefined,
    );
  }
}

export function merkleRoot(hashes: readonly Uint8Array[]): Uint8Array | undefined {
  const tree = new MerkleRoot();
  for (const hash of hashes) tree.add(hash);
  return tree.root();
}

/** The audit path (RFC 6962, 2.1.1) of the leaf at `index`, the lowest sibling first. */
export function inclusionPath(hashes: readonly Uint8Array[], index: number): Uint8Array[] {
  if (hashes.length <= 1) return [];
  const split = largestPowerOfTwoBelow(hashes.length);
  const [near, far] =
    index < split
      ? [hashes.slice(0, split), hashes.slice(split)]
      : [hashes.slice(split), hashes.slice(0, split)];
  const sibling = merkleRoot(far);
  return [...inclusionPath(near, index < split ? index : index - split), ...(sibling ? [sibling] : [])];
}

/**
 * The root that a path leads to (RFC 9162, 2.1.3.2). Undefined when the path is too short or too long for this leaf in a
 * tree of this size.
 */
export function rootOfPath(
  leaf: Uint8Array,
  { index, size }: { readonly index: number; readonly size: number },
  path: readonly Uint8Array[],
): Uint8Array | undefined {
  if (index < 0 || index >= size) return undefined;
  let [node, last] = [index, size - 1];
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      // A node without a sibling moves up unchanged.
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hash : undefined;
}

function largestPowerOfTwoBelow(size: number): number {
  return 2 ** Math.ceil(Math.log2(size) - 1);
}
