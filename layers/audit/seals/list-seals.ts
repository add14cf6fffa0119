import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { listInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import type { SealAnchor } from './proof.ts';
import type { Seal } from './seal.ts';

export interface ListedSeal extends Seal {
  /** Its anchor outside of the database. Null until the anchor is written. */
  readonly anchor: SealAnchor | null;
}

/** The seals of the ledger, the newest first. */
export async function listSeals(tenant: Tenant, { limit, after }: PageRequest): Promise<Page<ListedSeal>> {
  const rows = await listInTenant<{ seal: Seal; anchor: SealAnchor | null }>(
    tenant,
    'inventory.list_seals',
    [limit + 1, after?.[0] ?? null],
    { rows: limit },
  );
  const page = toPage(rows, limit, ({ seal }) => [String(seal.seq)]);
  return { rows: page.rows.map(({ seal, anchor }) => ({ ...seal, anchor })), next: page.next };
}
