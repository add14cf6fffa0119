import type { TransactionOptions } from '#platform/postgres/transaction.ts';

/** The help of `--dry-run` wherever it changes nothing. */
export const dryRunDescription = 'report what would be done, and change nothing';

/** How the transaction of a command ends. A dry run does everything and rolls back, so that its report is true. */
export function endedBy(dryRun: boolean): TransactionOptions {
  return { ending: dryRun ? 'rollback' : 'commit' };
}
