import { blindness } from './blindness.ts';
import type { Check, CheckResult, Surroundings } from './check.ts';
import { alertPath } from './checks/alert-path.ts';
import { databaseStatus, deletionProtection, durability, encryption, retention } from './checks/database.ts';
import { drillLeftovers, lastDrill, recoveryTime } from './checks/drills.ts';
import {
  copyElsewhere,
  latestRestorableTime,
  newestSnapshot,
  walArchiving,
} from './checks/recovery-point.ts';
import { snapshotsFinish, snapshotsPrivate } from './checks/snapshots.ts';

/** Every check, in the order in which people read them: the worst loss first. */
export const checks: readonly Check[] = [
  databaseStatus,
  latestRestorableTime,
  walArchiving,
  newestSnapshot,
  snapshotsFinish,
  copyElsewhere,
  retention,
  encryption,
  snapshotsPrivate,
  deletionProtection,
  durability,
  lastDrill,
  recoveryTime,
  drillLeftovers,
  alertPath,
];

/** The runbook page of a check. */
export function runbookOf(check: string): string {
  return `docs/runbook/backup-${check}.md`;
}

/** Runs every check. A check that raises gets the status `could_not_run`; the others go on. */
export async function runChecks(around: Surroundings): Promise<CheckResult[]> {
  return await Promise.all(
    checks.map(async ({ name, title, run }): Promise<CheckResult> => {
      const same = { check: name, title, runbook: runbookOf(name) };
      try {
        const { status, summary, facts = {} } = await run(around);
        return { ...same, status, summary, facts };
      } catch (error) {
        return { ...same, status: 'could_not_run', ...blindness(error), facts: {} };
      }
    }),
  );
}
