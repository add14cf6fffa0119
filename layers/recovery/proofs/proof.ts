import type { Client } from 'pg';
import type { InJobs } from '../in-jobs.ts';
import type { RecoveryPolicy } from '../policy.ts';
import { RecoveryRefused } from '../recovery-refused.ts';
import type { ProofBook } from './book.ts';

/** What there is to be proven, in the order in which it is. */
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
 * A proof that could not run proves nothing: it counts like one that failed. One that does not apply, because what it would
 * ask is not there by its nature, is told as that and not counted at all.
 */
export type Verdict = 'passed' | 'failed' | 'could not run' | 'does not apply';

/** How one proof went. */
export interface ProofOutcome {
  readonly proof: ProofName;
  readonly verdict: Verdict;
  /** The first of what is wrong, at most {@link toldFaults}; for one that did not run, why. */
  readonly faults: readonly string[];
  readonly faultCount: number;
  /** What was looked at, in numbers. */
  readonly figures: Readonly<Record<string, number>>;
  readonly durationMs: number;
}

const toldFaults = 20;

/** What every proof is given. */
export interface ProofContext {
  readonly book: ProofBook;
  /** Opens a connection to the copy as whoever may do most in it; closed for it when the proof is over. */
  readonly connect: () => Promise<Client>;
  /** Whoever may do most there: a superuser, or the master of a managed service. */
  readonly connectionString: string;
  /** The instant that the copy is to be of. What was made later cannot be in it. */
  readonly asOf: Date;
  /** Production, which goes on; undefined where the copy stands alone. */
  readonly production?: InJobs | undefined;
  /** The instant at which production is thought to be lost; what the copy lacks of it is the loss. */
  readonly requestedAt: Date;
  /** What is promised; that of the product without it. */
  readonly policy?: RecoveryPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Why a proof could not be carried out: not a fault of the copy, and not its innocence. */
export class CouldNotRun extends Error {
  override readonly name = 'CouldNotRun';
}

/** Somebody else has given the master of the copy another password, to prove it: nothing is known of the copy by that. */
export class TakenOver extends RecoveryRefused {
  constructor() {
    super(
      'the master of the copy has another password now: somebody else is proving it',
      'Wait for what comes of that, or run this again.',
    );
  }
}

/** Why there is nothing to prove. */
export class DoesNotApply extends Error {
  override readonly name = 'DoesNotApply';
}

/** What a proof comes upon. */
export class Findings {
  readonly told: string[] = [];
  readonly figures: Record<string, number> = {};
  count = 0;

  fault(message: string): void {
    this.count += 1;
    if (this.told.length < toldFaults) this.told.push(message);
  }

  /** Adds to a figure. */
  add(figure: string, amount: number): void {
    this.figures[figure] = (this.figures[figure] ?? 0) + amount;
  }
}

export type Proof = (context: ProofContext, findings: Findings) => Promise<void>;
