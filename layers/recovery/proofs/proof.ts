import type { Client } from 'pg';
import type { InJobs } from '../in-jobs.ts';
import type { RecoveryPolicy } from '../policy.ts';
import { RecoveryRefused } from '../recovery-refused.ts';
import type { ProofBook } from './book.ts';

/** The proofs of a restored copy, in the order in which they run. */
export const proofNames = [
  'schema',
  'isolation',
  'heap',
  'indexes',
  'references',
  'sequences',
  'organizations',
  'balances',
  'seals',
  'heartbeat',
  'loss',
] as const;
export type ProofName = (typeof proofNames)[number];

/**
 * How a proof ended. One that could not run proves nothing, so it counts as failed. One that does not apply to this copy
 * counts neither as passed nor as failed.
 */
export type Verdict = 'passed' | 'failed' | 'could not run' | 'does not apply';

/** The result of one proof. */
export interface ProofOutcome {
  readonly proof: ProofName;
  readonly verdict: Verdict;
  /** The first faults, at most {@link mostFaults}; for a proof that did not run, the reason. */
  readonly faults: readonly string[];
  readonly faultCount: number;
  /** How much the proof examined. */
  readonly figures: Readonly<Record<string, number>>;
  readonly durationMs: number;
}

const mostFaults = 20;

/** The input of every proof. */
export interface ProofContext {
  readonly book: ProofBook;
  /** Opens a connection to the copy with `connectionString`. It is closed when the proof ends. */
  readonly connect: () => Promise<Client>;
  /** Connects with the most privileged role of the copy: a superuser, or the master of a managed service. */
  readonly connectionString: string;
  /** The time that was restored. The copy cannot contain anything later. */
  readonly asOf: Date;
  /** The running production database; undefined when there is only the copy. */
  readonly production?: InJobs | undefined;
  /** The time of the assumed loss of production. The loss is what the copy lacks of production at this time. */
  readonly requestedAt: Date;
  /** The bounds to apply; those of the product by default. */
  readonly policy?: RecoveryPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A proof could not run. This is not a fault of the copy, and does not prove that it has none. */
export class CouldNotRun extends Error {
  override readonly name = 'CouldNotRun';
}

/** Another run has changed the master password of the copy in order to prove it. This says nothing about the copy. */
export class TakenOver extends RecoveryRefused {
  constructor() {
    super(
      'another run has changed the master password of the copy and is proving it',
      'Wait for that run to end, or run this again.',
    );
  }
}

/** A proof does not apply to this copy. */
export class DoesNotApply extends Error {
  override readonly name = 'DoesNotApply';
}

/** Collects what a proof finds. */
export class Findings {
  /** The first faults, at most {@link mostFaults}. */
  readonly faults: string[] = [];
  readonly figures: Record<string, number> = {};
  count = 0;

  fault(message: string): void {
    this.count += 1;
    if (this.faults.length < mostFaults) this.faults.push(message);
  }

  /** Adds to a figure. */
  add(figure: string, amount: number): void {
    this.figures[figure] = (this.figures[figure] ?? 0) + amount;
  }
}

export type Proof = (context: ProofContext, findings: Findings) => Promise<void>;
