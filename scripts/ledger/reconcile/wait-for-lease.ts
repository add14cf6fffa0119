import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { type Lease, leaseSeconds, takeLease } from '#audit/reconciliation/runs/lease.ts';
import { CommandError } from '../../cli/failure.ts';
import type { Organization } from './organizations.ts';

/** Longer than a lease: whoever has the organization may have died. */
export const patienceMs = (leaseSeconds + 5) * 1_000;

const pollMs = 250;

export interface Waiting {
  /** How long to wait for whoever has it. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

/**
 * Takes an organization as soon as nobody else has it.
 * @throws CommandError when somebody else has had it all the time
 */
export async function waitForLease(
  jobs: pg.ClientBase,
  { id, slug }: Pick<Organization, 'id' | 'slug'>,
  { patienceMs, signal, note }: Waiting,
): Promise<Lease> {
  const isTaken = `${slug} is being reconciled by somebody else`;
  const givesUpAtMs = performance.now() + patienceMs;
  for (let tries = 0; ; tries += 1) {
    const lease = await takeLease(jobs, id);
    if (lease) return lease;
    if (performance.now() > givesUpAtMs) throw new CommandError(isTaken, 'Run it again when that is done.');
    if (tries === 0) note(`${isTaken}: waiting for at most ${patienceMs / 1_000} seconds …`);
    await sleep(pollMs, undefined, { signal });
  }
}
