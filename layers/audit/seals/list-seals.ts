import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { queryInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import type { SealAnchor } from './proof.ts';
import type { Seal } from './seal.ts';

export interface ListedSeal extends Seal {
  /** Its anchor outside of the database. Null until the anchor is written. */
  readonly anchor: SealAnchor | null;
}

/** The seals of the ledger, the newest first. */
export async function listSeals(tenant: Tenant, { limit, after }: PageRequest): Promise<Page<ListedSeal>> {
  const rows = await queryInTenant<{ seal: Seal; anchor: SealAnchor | null }>(
    tenant,
    'read',
    `select
       inventory.seal_json(s) as seal,
       (
         select json_build_object('key', key, 'versionId', version_id, 'anchoredAt', inventory.iso(anchored_at))
         from inventory.seal_anchors a
         where a.org_id = s.org_id and a.seq = s.seq
         order by a.anchored_at desc
         limit 1
       ) as anchor
     from inventory.seals s
     where $1::bigint is null or s.seq < $1
     order by s.seq desc
     limit $2`,
    [after?.[0] ?? null, limit + 1],
  );
  const page = toPage(rows, limit, ({ seal }) => [String(seal.seq)]);
  return { rows: page.rows.map(({ seal, anchor }) => ({ ...seal, anchor })), next: page.next };
}
