import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { type Lease, leaseSeconds, takeLease } from '#audit/reconciliation/runs/lease.ts';
import { counted } from '#platform/text/plural.ts';
import { CommandError } from '../../cli/failure.ts';
import type { Organization } from './organizations.ts';

/** Longer than a lease, because the holder may have died. */
export const patienceMs = (leaseSeconds + 5) * 1_000;

const pollMs = 250;

export interface Waiting {
  /** How long to wait for the holder of the lease. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

/**
 * Takes the lease of an organization as soon as it is free.
 * @throws CommandError when another run has held it the whole time
 */
export async function waitForLease(
  jobs: pg.ClientBase,
  { id, slug }: Pick<Organization, 'id' | 'slug'>,
  { patienceMs, signal, note }: Waiting,
): Promise<Lease> {
  const isTaken = `${slug} is being reconciled by another run`;
  const givesUpAtMs = performance.now() + patienceMs;
  for (let tries = 0; ; tries += 1) {
    const lease = await takeLease(jobs, id);
    if (lease) return lease;
    if (performance.now() > givesUpAtMs)
      throw new CommandError(isTaken, 'Run it again when that run has ended.');
    if (tries === 0) note(`${isTaken}: waiting at most ${counted(patienceMs / 1_000, 'second')} …`);
    await sleep(pollMs, undefined, { signal });
  }
}
