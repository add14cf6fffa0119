import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { queryInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import type { Action, Cause, Figures } from '../discrepancy.ts';
import type { TriggerFault } from '../triggers.ts';
import type { RunKind } from './lease.ts';

/** A run, as the API presents it. */
export interface ListedRun {
  readonly id: string;
  readonly kind: RunKind;
  readonly status: 'running' | 'finished' | 'failed';
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly keysChecked: number;
  readonly movementsRead: number;
  readonly found: number;
  readonly corrected: number;
  readonly alerted: number;
  readonly sealSeq: number | null;
  readonly newestEntryId: string | null;
  readonly lagSeconds: number | null;
  /** Why it failed, as far as the caller may know. Null when it did not fail. */
  readonly error: string | null;
  /** Triggers of the ledger that did not work. While one does not work, nothing is corrected or sealed. */
  readonly triggerFaults: readonly TriggerFault[];
  /** The first hundred discrepancies. */
  readonly discrepancies: readonly ListedDiscrepancy[];
}

export interface ListedDiscrepancy {
  /** Null when the discrepancy is about a seal, or when the item or location no longer exists. */
  readonly sku: string | null;
  readonly location: string | null;
  readonly lot: string | null;
  /** Null when there was no balance. */
  readonly stored: Figures | null;
  readonly computed: Figures | null;
  readonly cause: Cause | null;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly action: Action;
}

/** The runs that compared the balances with the ledger, the newest first, with their discrepancies. */
export async function listRuns(tenant: Tenant, { limit, after }: PageRequest): Promise<Page<ListedRun>> {
  const rows = await queryInTenant<ListedRun>(
    tenant,
    'read',
    `select
       r.id, r.kind, r.status,
       inventory.iso(r.started_at) as "startedAt", inventory.iso(r.finished_at) as "finishedAt",
       r.keys_checked as "keysChecked", r.movements_read as "movementsRead",
       r.found, r.corrected, r.alerted, r.seal_seq as "sealSeq", r.newest_entry as "newestEntryId",
       r.lag_seconds as "lagSeconds", r.error, r.trigger_faults as "triggerFaults",
       coalesce(d.discrepancies, '[]') as discrepancies
     from inventory.reconciliation_runs r
     left join lateral (
       select json_agg(json_build_object(
         'sku', i.sku,
         'location', l.code,
         'lot', nullif(d.lot, ''),
         'stored', case when d.stored_version is not null then json_build_object(
           'onHand', d.stored_on_hand, 'reserved', d.stored_reserved, 'version', d.stored_version) end,
         'computed', case when d.computed_version is not null then json_build_object(
           'onHand', d.computed_on_hand, 'reserved', d.computed_reserved, 'version', d.computed_version) end,
         'cause', d.cause,
         'detail', d.detail,
         'action', d.action
       ) order by d.number) as discrepancies
       from inventory.discrepancies d
       left join inventory.items i on i.org_id = d.org_id and i.id = d.item_id
       left join inventory.locations l on l.org_id = d.org_id and l.id = d.location_id
       where d.org_id = r.org_id and d.run_id = r.id and d.number <= 100
     ) d on true
     where $1::uuid is null or r.id < $1
     order by r.id desc
     limit $2`,
    [after?.[0] ?? null, limit + 1],
  );
  const page = toPage(rows, limit, ({ id }) => [id]);
  return {
    ...page,
    rows: page.rows.map((run) => ({ ...run, error: run.error && errorForCaller(run.error) })),
  };
}

/** Hides errors of the database and of the bucket from callers. The operator gets them in an alert. */
function errorForCaller(error: string): string {
  if (/^a (daily|full) run took its place$/.test(error)) return error;
  return 'the run ended with an error, which was reported to the operator; it is tried again within the hour';
}
