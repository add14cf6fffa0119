import type pg from 'pg';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import type { Action, Cause, Discrepancy, Figures } from '../discrepancy.ts';
import type { Lease } from './lease.ts';

/** The discrepancies of a run, ordered by number. With `action`, only those with this action. */
export async function readDiscrepancies(
  jobs: pg.ClientBase,
  orgId: string,
  runId: string,
  action?: Action,
): Promise<Discrepancy[]> {
  const rows = await inOrganizationAsJob<DiscrepancyRow>(jobs, orgId, 'read', {
    text: `select number, item_id, location_id, lot,
        stored_on_hand::float8 as stored_on_hand, stored_reserved::float8 as stored_reserved, stored_version::float8 as stored_version,
        computed_on_hand::float8 as computed_on_hand, computed_reserved::float8 as computed_reserved,
        computed_version::float8 as computed_version,
        cause, detail, action
      from inventory.discrepancies
      where org_id = $1 and run_id = $2 and ($3::text is null or action = $3)
      order by number`,
    values: [orgId, runId, action ?? null],
  });
  return rows.map((row) => ({
    number: row.number,
    item: row.item_id ?? '',
    location: row.location_id ?? '',
    lot: row.lot ?? '',
    stored: figures(row.stored_on_hand, row.stored_reserved, row.stored_version),
    computed: figures(row.computed_on_hand, row.computed_reserved, row.computed_version) ?? {
      onHand: 0,
      reserved: 0,
      version: 0,
    },
    cause: row.cause ?? undefined,
    detail: row.detail,
    action: row.action,
  }));
}

/** The result for a discrepancy whose balance stays unchanged. */
export interface Settled {
  readonly number: number;
  readonly cause?: Cause;
  readonly detail?: Readonly<Record<string, unknown>>;
  /** `found` when it still has to be settled. */
  readonly action: 'found' | 'alerted' | 'gone';
}

/** Records the causes and actions of discrepancies. @throws SK601 when the lease is lost */
export async function settleDiscrepancies(
  jobs: pg.ClientBase,
  { orgId, lease }: Lease,
  settled: readonly Settled[],
): Promise<void> {
  if (settled.length === 0) return;
  await inOrganizationAsJob(jobs, orgId, 'write', {
    text: 'select inventory.settle_discrepancies($1, $2)',
    values: [lease, JSON.stringify(settled)],
  });
}

/** The outcome of a correction. `gone`, `changed` and `recurring` leave the balance unchanged. */
export type CorrectionOutcome = 'corrected' | 'applied' | 'gone' | 'changed' | 'recurring';

/**
 * Corrects the balance of a discrepancy, if the difference is still the same. One statement, so that no writer waits for
 * a network round trip.
 */
export async function correctBalance(
  jobs: pg.ClientBase,
  orgId: string,
  runId: string,
  number: number,
  action: 'corrected' | 'applied',
): Promise<CorrectionOutcome> {
  const { rows } = await jobs.query<{ outcome: CorrectionOutcome }>(
    'select inventory.correct_balance($1, $2, $3, $4) as outcome',
    [orgId, runId, number, action],
  );
  return rows[0]?.outcome ?? 'changed';
}

/** How much a run has compared and found. */
export interface RunTotals {
  readonly keysChecked: number;
  readonly movementsRead: number;
  /** The number of differences. */
  readonly found: number;
  /** The time between the newest entry that was compared and the newest entry. Undefined when there is no entry. */
  readonly lagSeconds: number | undefined;
}

/** The totals of a run so far. */
export async function readTotals(jobs: pg.ClientBase, orgId: string, runId: string): Promise<RunTotals> {
  const [row] = await inOrganizationAsJob<{
    keysChecked: number;
    movementsRead: number;
    found: number;
    lagSeconds: number | null;
  }>(jobs, orgId, 'read', {
    text: `select r.keys_checked::float8 as "keysChecked", r.movements_read::float8 as "movementsRead", r.found::float8 as found,
        greatest(0, extract(epoch from (
          (
            select e.recorded_at
            from inventory.entries e
            where e.org_id = $1 and inventory.is_instant(e.recorded_at)
            order by e.id desc
            limit 1
          ) - (
            select e.recorded_at
            from inventory.entries e
            where e.org_id = $1 and e.id = r.newest_entry and inventory.is_instant(e.recorded_at)
          )
        )))::float8 as "lagSeconds"
      from inventory.reconciliation_runs r
      where r.org_id = $1 and r.id = $2`,
    values: [orgId, runId],
  });
  if (!row) throw new Error(`the run ${runId} does not exist any more`);
  return { ...row, lagSeconds: row.lagSeconds ?? undefined };
}

interface DiscrepancyRow {
  readonly number: number;
  readonly item_id: string | null;
  readonly location_id: string | null;
  readonly lot: string | null;
  readonly stored_on_hand: number | null;
  readonly stored_reserved: number | null;
  readonly stored_version: number | null;
  readonly computed_on_hand: number | null;
  readonly computed_reserved: number | null;
  readonly computed_version: number | null;
  readonly cause: Cause | null;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly action: Action;
}

function figures(
  onHand: number | null,
  reserved: number | null,
  version: number | null,
): Figures | undefined {
  if (onHand === null || reserved === null || version === null) return undefined;
  return { onHand, reserved, version };
}
