import { NotFound, Problem } from '#platform/errors.ts';
import { queryInTenant } from '#tenancy/scope.ts';
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

interface ProofRow {
  readonly organizationId: string;
  readonly movement: SealedMovement;
  readonly seal: Seal | null;
  readonly page: number | null;
  readonly leaves: Buffer | null;
  readonly roots: readonly Buffer[] | null;
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
  const [row] = await queryInTenant<ProofRow>(tenant, 'read', proofQuery, [entryId, Number(line), maxChain]);
  if (!row) throw new NotFound(`movement ${movementId}`);
  const { organizationId, movement, seal, page, leaves, roots, following } = row;
  if (!seal) {
    throw new Problem(
      'not_sealed',
      409,
      'The movement is not sealed yet: try again when GET /v1/seals shows a seal with a later boundary.',
    );
  }
  const inPage = readLeaves(leaves ?? Buffer.of());
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
    ...inclusionPath(roots, page),
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

/** $1 entry id, $2 line, $3 the maximum number of seals. Leaf keys are compared as bytes, as in the page. */
const proofQuery = `
  select
    m.org_id as "organizationId",
    json_build_object(
      'entryId', m.entry_id, 'line', m.line, 'itemId', m.item_id, 'locationId', m.location_id,
      'quantity', m.quantity::text, 'lot', m.lot,
      'occurredAt', inventory.iso(m.occurred_at), 'recordedAt', inventory.iso(m.recorded_at),
      'entryOccurredAt', case when s.version > 1 then inventory.iso(e.occurred_at) end,
      'entryRecordedAt', case when s.version > 1 then inventory.iso(e.recorded_at) end,
      'kind', e.kind, 'reference', e.reference, 'actor', e.actor, 'reverses', e.reverses,
      'metadata', e.metadata::text
    ) as movement,
    s.shown as seal,
    p.page,
    p.leaves,
    (select array_agg(r.root order by r.page) from inventory.seal_pages r where r.org_id = m.org_id and r.seq = s.seq) as roots,
    (
      select json_agg(json_build_object('seal', inventory.seal_json(f), 'anchor', a.shown) order by f.seq)
      from inventory.seals f
      left join lateral (
        select json_build_object('key', key, 'versionId', version_id, 'anchoredAt', inventory.iso(anchored_at)) as shown
        from inventory.seal_anchors
        where org_id = f.org_id and seq = f.seq
        order by anchored_at desc
        limit 1
      ) a on true
      where f.org_id = m.org_id and f.seq between s.seq and s.seq + $3::integer
    ) as following
  from inventory.movements m
  join inventory.entries e on e.org_id = m.org_id and e.id = m.entry_id
  left join lateral (
    select s.seq, s.version, inventory.seal_json(s) as shown
    from inventory.seals s
    where s.org_id = m.org_id and s.boundary >= m.entry_id
    order by s.boundary
    limit 1
  ) s on true
  left join lateral (
    select page, leaves
    from inventory.seal_pages
    where org_id = m.org_id and seq = s.seq and last_leaf >= uuid_send(m.entry_id) || int4send(m.line)
    order by page
    limit 1
  ) p on true
  where m.entry_id = $1 and m.line = $2`;
