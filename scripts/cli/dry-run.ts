import type { TransactionOptions } from '#platform/postgres/transaction.ts';

/** The option of every command that can be tried first. */
export const dryRunDescription = 'say what would be done, and do nothing';

/** How the transaction of a command ends: what a dry run reports is what would happen. */
export function endedBy(dryRun: boolean): TransactionOptions {
  return { ending: dryRun ? 'rollback' : 'commit' };
}
