import { type LeafValues, leafBytes, leafValues, type SealedMovement } from './leaf.ts';
import { leafBytesOfVersion1 } from './leaf-version-1.ts';
import { leafHash } from './merkle.ts';

/** No leaf has this hash. */
const noHash = Buffer.alloc(32);

/** The hash of a leaf with these values, in a seal of this version. */
export function hashOfValues(values: LeafValues, version: number): Buffer {
  const bytes = version === 1 ? leafBytesOfVersion1(values) : leafBytes(values);
  return bytes ? leafHash(bytes) : noHash;
}

/** The hash of a movement's leaf in a seal of this version. */
export function movementHash(movement: SealedMovement, version: number): Buffer {
  return hashOfValues(leafValues(movement), version);
}
