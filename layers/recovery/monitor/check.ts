import type { DrillRequest } from '../drill/records.ts';
import type { RecoveryPolicy } from '../policy.ts';
import type { BlindReason } from './blindness.ts';
import type { PostgresReader } from './postgres.ts';
import type { BackupSource } from './source.ts';

/**
 * How a check ended. `could_not_run` is never as good as `ok`; `not_applicable` says that there is nothing of the kind
 * where the database runs, and is counted with neither.
 */
export const checkStatuses = ['ok', 'warn', 'fail', 'could_not_run', 'not_applicable'] as const;
export type CheckStatus = (typeof checkStatuses)[number];

/** What a check has found. */
export interface Finding {
  readonly status: Exclude<CheckStatus, 'could_not_run'>;
  /** One sentence with the figures. */
  readonly summary: string;
  /** The same for programs. Times are ISO. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** What is known of a check after a run. */
export interface CheckResult {
  readonly check: string;
  readonly title: string;
  readonly status: CheckStatus;
  /** Only of a check that could not run. */
  readonly reason?: BlindReason;
  readonly summary: string;
  readonly facts: Readonly<Record<string, unknown>>;
  /** The page that says what to do. */
  readonly runbook: string;
}

/** What the last drill has shown, as far as the monitor asks. */
export interface DrillVerdict {
  readonly id: string;
  /** The database that was restored. */
  readonly request: Pick<DrillRequest, 'source'>;
  readonly passed: boolean;
  /** When the verdict was given. */
  readonly at: Date;
  /** From the request to the proof; undefined when it did not come that far. */
  readonly provenAfterMs: number | undefined;
  /** What is written down of it, and since, and does not follow from what was before: something was removed or replaced. */
  readonly brokenLinks: readonly string[];
}

/** What checks look at. Everything is read when it is first asked for, and once. */
export interface Surroundings {
  readonly now: Date;
  readonly policy: RecoveryPolicy;
  /** The instance or cluster of RDS; undefined where the database runs elsewhere. */
  readonly rds: BackupSource | undefined;
  readonly postgres: PostgresReader;
  /** The last drill that came to a verdict; undefined when none ever has. */
  readonly lastDrill: () => Promise<DrillVerdict | undefined>;
}

/** One thing that has to be so for a backup to be of use. */
export interface Check {
  /** In kebab case; the page of the runbook is `docs/runbook/backup-<name>.md`. */
  readonly name: string;
  /** What is so when it is ok. */
  readonly title: string;
  /** @throws whatever keeps it from knowing: it could not run then */
  readonly run: (around: Surroundings) => Promise<Finding>;
}

/** A check of what only RDS has. */
export function rdsCheck(
  name: string,
  title: string,
  run: (rds: BackupSource, around: Surroundings) => Promise<Finding>,
): Check {
  return {
    name,
    title,
    run: async (around) =>
      around.rds
        ? await run(around.rds, around)
        : notApplicable('The database runs elsewhere than on RDS: whoever backs it up has to look at this.'),
  };
}

export function notApplicable(summary: string): Finding {
  return { status: 'not_applicable', summary };
}
