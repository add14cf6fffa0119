import type { TimeLeft } from '#audit/reconciliation/walk.ts';
import type { InJobs } from '../in-jobs.ts';
import type { RecoveryPolicy } from '../policy.ts';
import type { ProofBook } from '../proofs/book.ts';
import type { ProofOutcome } from '../proofs/proof.ts';
import type { CopyAddress } from './copy.ts';

/** Everything that a drill needs. */
export interface DrillSurroundings {
  /** The instance whose backups are restored. */
  readonly source: string;
  /** The subnet group and the security groups of copies. Default: those of production. */
  readonly network: {
    readonly subnetGroup?: string | undefined;
    readonly securityGroupIds?: readonly string[];
  };
  readonly production: InJobs;
  /** The URL of the database in a copy. */
  readonly urlOf: (address: CopyAddress) => string;
  readonly book: ProofBook;
  readonly policy: RecoveryPolicy;
  /** The time that the tick has left. With too little, it begins no long step. */
  readonly time: TimeLeft;
  /** The pause between two looks at something that takes seconds. */
  readonly pollMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onOutcome?: (outcome: ProofOutcome) => void;
  /** Called with the reason when an available copy does not accept connections yet. */
  readonly onWaiting?: (why: string) => void;
}
