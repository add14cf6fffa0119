import { NotFound, Problem } from '#platform/errors.ts';
import { callInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import type { SealedMovement } from './leaf.ts';
import { inclusionPath } from './merkle.ts';
import { compareLeaves, pageLeaves, readLeaves } from './pages.ts';
import type { Seal } from './seal.ts';

/** The place of a seal's anchor outside of the database. */
export interface SealAnchor {
  readonly key: string;
  readonly versionId: string | null;
  readonly anchoredAt: string;
}

/** Everything you need to check, without the database, that a movement is in a seal. */
export interface MovementProof {
  readonly format: 'stockade proof 2';
  readonly organizationId: string;
  readonly movement: SealedMovement;
  /** The position of the movement in its seal, and the number of leaves. */
  readonly leaf: { readonly index: number; readonly size: number };
  /** Hashes in hex, from the leaf's sibling up to the child of the root. */
  readonly path: readonly string[];
  readonly seal: Seal;
  /** The next seals, up to the first one with an anchor. Empty when the movement's own seal has an anchor. */
  readonly chain: readonly Seal[];
  /** The anchor of the last of these seals. Null while none has an anchor. */
  readonly anchor: SealAnchor | null;
}

/** A chain without an anchor is cut after this many seals. */
const maxChain = 100;

/** What the database answers of a movement. Bytes are in hex. */
interface MovementInSeal {
  readonly organizationId: string;
  readonly movement: SealedMovement;
  readonly seal: Seal | null;
  readonly page: number | null;
  readonly leaves: string | null;
  readonly roots: readonly string[] | null;
  readonly following: readonly { readonly seal: Seal; readonly anchor: SealAnchor | null }[] | null;
}

/**
 * The proof that a movement (`<entry id>.<line>`) is in a seal. It is built from the current movement and from the seal as it
 * was created. Checking the proof shows whether the two match.
 * @throws not_found when there is no such movement
 * @throws not_sealed when no seal covers it yet
 * @throws seal_mismatch when a seal covers it but does not contain it
 */
export async function movementProof(tenant: Tenant, movementId: string): Promise<MovementProof> {
  const [entryId = '', line = ''] = movementId.toLowerCase().split('.');
  const found = await callInTenant<MovementInSeal | null>(tenant, 'read', 'inventory.movement_in_seal', [
    entryId,
    Number(line),
    maxChain,
  ]);
  if (!found) throw new NotFound(`movement ${movementId}`);
  const { organizationId, movement, seal, page, leaves, roots, following } = found;
  if (!seal) {
    throw new Problem(
      'not_sealed',
      409,
      'The movement is not sealed yet: try again when GET /v1/seals shows a seal with a later boundary.',
    );
  }
  const inPage = readLeaves(Buffer.from(leaves ?? '', 'hex'));
  const place = inPage.findIndex((leaf) => compareLeaves(leaf, movement) === 0);
  if (place < 0 || page === null || !roots) {
    throw new Problem(
      'seal_mismatch',
      409,
      `Seal ${seal.seq} should contain this movement but does not: somebody inserted the movement into the database later. Inform the operator.`,
    );
  }
  const path = [
    ...inclusionPath(
      inPage.map(({ hash }) => hash),
      place,
    ),
    ...inclusionPath(
      roots.map((root) => Buffer.from(root, 'hex')),
      page,
    ),
  ];
  const upTo = following?.findIndex(({ anchor }) => anchor !== null) ?? -1;
  const chain = (following ?? []).slice(1, upTo < 0 ? undefined : upTo + 1);
  return {
    format: 'stockade proof 2',
    organizationId,
    movement,
    leaf: { index: page * pageLeaves + place, size: seal.movements },
    path: path.map((hash) => Buffer.from(hash).toString('hex')),
    seal,
    chain: chain.map((link) => link.seal),
    anchor: following?.[upTo]?.anchor ?? null,
  };
}
