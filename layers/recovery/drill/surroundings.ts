import type { TimeLeft } from '#audit/reconciliation/walk.ts';
import type { InJobs } from '../in-jobs.ts';
import type { RecoveryPolicy } from '../policy.ts';
import type { ProofBook } from '../proofs/book.ts';
import type { ProofOutcome } from '../proofs/proof.ts';
import type { CopyAddress } from './copy.ts';

/** What a drill works with. */
export interface DrillSurroundings {
  /** The instance whose backups are restored. */
  readonly source: string;
  /** The subnet group and the security groups of copies; those of production where nothing else was decided. */
  readonly network: {
    readonly subnetGroup?: string | undefined;
    readonly securityGroupIds?: readonly string[];
  };
  readonly production: InJobs;
  /** The URL of the database in a copy. */
  readonly urlOf: (address: CopyAddress) => string;
  readonly book: ProofBook;
  readonly policy: RecoveryPolicy;
  /** A tick that has less begins nothing that takes long. */
  readonly time: TimeLeft;
  /** Between two looks at what takes seconds. */
  readonly pollMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onOutcome?: (outcome: ProofOutcome) => void;
  /** Called with why a copy that is available lets nobody in yet. */
  readonly onWaiting?: (why: string) => void;
}
