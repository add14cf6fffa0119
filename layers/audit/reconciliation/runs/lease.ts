import type pg from 'pg';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import type { Cause, Difference } from '../discrepancy.ts';
import type { TriggerFault } from '../triggers.ts';

/** An organization that is reserved for one reconciliation. Nobody else can take it as long as the lease is kept. */
export interface Lease {
  readonly orgId: string;
  readonly lease: string;
}

export type RunKind = 'daily' | 'full';

/**
 * How long the lease lasts after the last step: if the process dies, the organization is free again after this time. A step
 * that takes longer keeps the lease too, unless somebody else takes the organization. Then the next step fails.
 */
export const leaseSeconds = 60;

/** Takes one organization, or without an id the one that has been due longest. Undefined when none can be taken. */
export async function takeLease(jobs: pg.ClientBase, orgId?: string): Promise<Lease | undefined> {
  const { rows } = await jobs.query<{ org_id: string; lease: string }>(
    `select org_id, lease from inventory.lease_reconciliation($1, $2 * interval '1 second')`,
    [orgId ?? null, leaseSeconds],
  );
  return rows[0] && { orgId: rows[0].org_id, lease: rows[0].lease };
}

/** The progress of a run. */
export interface Checkpoint {
  readonly step: 'balances' | 'history' | 'seals' | 'settle';
  /** Items up to this one were compared. */
  readonly afterItem: string | null;
  /** The approximate number of movements that one statement reads. It shrinks after a statement that ran out of time. */
  readonly movementsPerStep: number;
}

export interface OpenRun {
  readonly id: string;
  /** The thirtieth of the items that a daily run compares with its whole history. */
  readonly bucket: number | null;
  /** Null at the beginning. */
  readonly checkpoint: Checkpoint | null;
  /** The entry up to which an earlier run found every balance right. Null before the first such run. */
  readonly comparedThrough: string | null;
}

/** A recorded step of a run. */
export interface RunStep {
  readonly keys?: number;
  readonly movements?: number;
  readonly found?: number;
  readonly sealSeq?: number | undefined;
  readonly newestEntry?: string | undefined;
  /** The snapshot contains every entry up to this boundary. */
  readonly boundary?: string | undefined;
  readonly triggerFaults?: readonly TriggerFault[];
  readonly differences?: readonly Difference[];
  /** Faults of seals, which have no balance. */
  readonly sealFindings?: readonly {
    readonly cause: Cause;
    readonly detail: Readonly<Record<string, unknown>>;
  }[];
  readonly checkpoint: Checkpoint;
}

export interface RunOutcome {
  /** Without a status, the next lease continues the run. */
  readonly status?: 'finished' | 'failed';
  readonly error?: string;
  readonly lagSeconds?: number | undefined;
  readonly dueInSeconds?: number;
  readonly nextBucket?: number;
}

/** Begins a run, or continues the unfinished one of this kind. @throws SK601 when the lease is lost */
export async function beginRun(
  jobs: pg.ClientBase,
  { orgId, lease }: Lease,
  kind: RunKind,
): Promise<OpenRun> {
  const [row] = await inOrganizationAsJob<{ run: OpenRun }>(jobs, orgId, 'write', {
    text: 'select inventory.begin_reconciliation($1, $2) as run',
    values: [lease, kind],
  });
  if (!row) throw new Error('inventory.begin_reconciliation() returned no row');
  return row.run;
}

/** Records a step and keeps the lease. @throws SK601 when the lease is lost */
export async function recordStep(jobs: pg.ClientBase, { orgId, lease }: Lease, step: RunStep): Promise<void> {
  const { differences = [], sealFindings = [], ...rest } = step;
  await inOrganizationAsJob(jobs, orgId, 'write', {
    text: 'select inventory.record_reconciliation($1, $2)',
    values: [
      lease,
      JSON.stringify({
        ...rest,
        leaseSeconds,
        discrepancies: [
          ...differences.map(({ item, location, lot, stored, storedVersionText, computed }) => ({
            item,
            location,
            lot,
            storedOnHand: stored?.onHand,
            storedReserved: stored?.reserved,
            storedVersion: storedVersionText ?? stored?.version,
            computedOnHand: computed.onHand,
            computedReserved: computed.reserved,
            computedVersion: computed.version,
          })),
          ...sealFindings,
        ],
      }),
    ],
  });
}

/** Gives the lease back. The run is then finished, failed, or continued by the next lease. @throws SK601 when the lease is lost */
export async function giveBack(
  jobs: pg.ClientBase,
  { orgId, lease }: Lease,
  outcome: RunOutcome,
): Promise<void> {
  await inOrganizationAsJob(jobs, orgId, 'write', {
    text: 'select inventory.finish_reconciliation($1, $2)',
    values: [lease, JSON.stringify(outcome)],
  });
}
