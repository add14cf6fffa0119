import type pg from 'pg';

/**
 * Does the work in one transaction, which is undone when it was only a trial: what a trial says is what would happen.
 */
export async function inTransaction<T>(
  client: pg.ClientBase,
  { dryRun }: { readonly dryRun: boolean },
  work: () => Promise<T>,
): Promise<T> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query(dryRun ? 'rollback' : 'commit');
    return result;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** The option of every command that can be tried first. */
export const dryRunDescription = 'say what would be done, and do nothing';
