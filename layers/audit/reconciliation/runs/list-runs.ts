import { type Page, type PageRequest, toPage } from '#platform/page.ts';
import { listInTenant } from '#tenancy/scope.ts';
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
  const rows = await listInTenant<ListedRun>(
    tenant,
    'inventory.list_reconciliations',
    [limit + 1, after?.[0] ?? null],
    { rows: limit },
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
