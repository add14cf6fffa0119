import type { DrillRequest } from '../drill/record-shape.ts';
import type { RecoveryPolicy } from '../policy.ts';
import type { BlindReason } from './blindness.ts';
import type { PostgresReader } from './postgres.ts';
import type { BackupSource } from './source.ts';

/**
 * How a check ended. `could_not_run`: the result is unknown, which never counts as `ok`. `not_applicable`: the check makes
 * no sense where the database runs; it counts neither as passed nor as failed.
 */
export const checkStatuses = ['ok', 'warn', 'fail', 'could_not_run', 'not_applicable'] as const;
export type CheckStatus = (typeof checkStatuses)[number];

/** The result of a check that ran. */
export interface Finding {
  readonly status: Exclude<CheckStatus, 'could_not_run'>;
  /** The result in one sentence with its figures. */
  readonly summary: string;
  /** The figures for programs. Times are ISO. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** The result of a check after a run. */
export interface CheckResult {
  readonly check: string;
  readonly title: string;
  readonly status: CheckStatus;
  /** Only for a check that could not run. */
  readonly reason?: BlindReason;
  readonly summary: string;
  readonly facts: Readonly<Record<string, unknown>>;
  /** The runbook page with the remedy. */
  readonly runbook: string;
}

/** The result of the last drill, as far as the monitor needs it. */
export interface DrillVerdict {
  readonly id: string;
  /** The database that was restored. */
  readonly request: Pick<DrillRequest, 'source'>;
  readonly passed: boolean;
  /** The time of the verdict. */
  readonly at: Date;
  /** From the request to the proof; undefined when the drill did not reach the proofs. */
  readonly provenAfterMs: number | undefined;
  /** The records of this drill and of later ones whose previous record was removed or replaced. */
  readonly brokenLinks: readonly string[];
  /** The objects in place of records of this drill and of later ones that are no records. */
  readonly unreadableSince: readonly string[];
}

/** Everything that checks read. Each reader reads at its first call, and only once. */
export interface Surroundings {
  readonly now: Date;
  readonly policy: RecoveryPolicy;
  /** The instance or cluster of RDS; undefined where the database runs elsewhere. */
  readonly rds: BackupSource | undefined;
  readonly postgres: PostgresReader;
  /** The last drill that has a verdict; undefined when none has. */
  readonly lastDrill: () => Promise<DrillVerdict | undefined>;
}

/** One condition that backups must meet to be useful. */
export interface Check {
  /** In kebab case; the page of the runbook is `docs/runbook/backup-<name>.md`. */
  readonly name: string;
  /** The condition that holds when the check is ok. */
  readonly title: string;
  /** @throws any error; the check then could not run */
  readonly run: (around: Surroundings) => Promise<Finding>;
}

/** A check that applies only to RDS. */
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
        : notApplicable('The database does not run on RDS: check this where you back it up.'),
  };
}

export function notApplicable(summary: string): Finding {
  return { status: 'not_applicable', summary };
}
