import type pg from 'pg';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import type { Cause, Difference } from '../discrepancy.ts';
import type { TriggerFault } from '../triggers.ts';

/** An organization that is taken for reconciliation. Nobody else gets it for as long as it is kept. */
export interface Lease {
  readonly orgId: string;
  readonly lease: string;
}

export type RunKind = 'daily' | 'full';

/**
 * How long an organization stays taken after the last step: a tick that dies holds it up for no longer. One whose step
 * takes longer keeps it as well, unless somebody else wants it; then it is told with its next step.
 */
export const leaseSeconds = 60;

/** Takes one organization, or without an id the one that has been due the longest; undefined when none is to be had. */
export async function takeLease(jobs: pg.ClientBase, orgId?: string): Promise<Lease | undefined> {
  const { rows } = await jobs.query<{ org_id: string; lease: string }>(
    `select org_id, lease from inventory.lease_reconciliation($1, $2 * interval '1 second')`,
    [orgId ?? null, leaseSeconds],
  );
  return rows[0] && { orgId: rows[0].org_id, lease: rows[0].lease };
}

/** How far a run has come. */
export interface Checkpoint {
  readonly step: 'recent' | 'history' | 'seals' | 'settle';
  /** Items up to this one are compared. */
  readonly afterItem: string | null;
  /** About how many movements one statement reads; less after one that did not end in time. */
  readonly movementsPerStep: number;
}

export interface OpenRun {
  readonly id: string;
  /** Which thirtieth of the items a daily run proves from its first movement on. */
  readonly bucket: number | null;
  /** Null at the beginning. */
  readonly checkpoint: Checkpoint | null;
  /** Up to this entry an earlier run found every balance right; null before the first. */
  readonly comparedThrough: string | null;
}

/** A step of a run, as it is written down. */
export interface RunStep {
  readonly keys?: number;
  readonly movements?: number;
  readonly found?: number;
  readonly sealSeq?: number | undefined;
  readonly newestEntry?: string | undefined;
  /** The boundary behind which the snapshot has seen everything. */
  readonly boundary?: string | undefined;
  readonly triggerFaults?: readonly TriggerFault[];
  readonly differences?: readonly Difference[];
  /** What is wrong with the seals, and so with no balance. */
  readonly sealFindings?: readonly {
    readonly cause: Cause;
    readonly detail: Readonly<Record<string, unknown>>;
  }[];
  readonly checkpoint: Checkpoint;
}

export interface RunOutcome {
  /** Absent: it goes on with the next lease. */
  readonly status?: 'finished' | 'failed';
  readonly error?: string;
  readonly lagSeconds?: number | undefined;
  readonly dueInSeconds?: number;
  readonly nextBucket?: number;
}

/** Begins a run, or goes on with the one of this kind that was not finished. @throws SK601 when the lease is lost */
export async function beginRun(
  jobs: pg.ClientBase,
  { orgId, lease }: Lease,
  kind: RunKind,
): Promise<OpenRun> {
  const [row] = await inOrganizationAsJob<{ run: OpenRun }>(jobs, orgId, 'write', {
    text: 'select inventory.begin_reconciliation($1, $2) as run',
    values: [lease, kind],
  });
  if (!row) throw new Error('a run that was begun answered nothing');
  return row.run;
}

/** Writes a step down and keeps the lease. @throws SK601 when the lease is lost */
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

/** Gives the organization back, with its run finished, failed, or to be gone on with. @throws SK601 when the lease is lost */
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
