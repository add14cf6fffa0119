import type pg from 'pg';

/**
 * Runs work in one transaction of a command, which may take as long as it needs but waits for no lock longer than
 * half a minute; whatever happens in it, either all of it stays or nothing.
 * @throws whatever the work or the database throws
 */
export async function inTransaction<T>(
  client: pg.ClientBase,
  begin: string,
  ending: 'commit' | 'rollback',
  work: () => Promise<T>,
): Promise<T> {
  await client.query(begin);
  try {
    await client.query(`set local statement_timeout = 0; set local lock_timeout = '30s'`);
    const result = await work();
    const { command } = await client.query(ending);
    // A failed transaction answers COMMIT with ROLLBACK, and the client reports that as success.
    if (command.toLowerCase() !== ending) throw new Error(`the database answered ${ending} with ${command}`);
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** Calls a function of the database and returns its one answer. */
export async function answerOf<Answer>(
  client: pg.ClientBase,
  call: `${string}.${string}(${string})`,
  values: readonly unknown[] = [],
): Promise<Answer> {
  const { rows } = await client.query<{ answer: Answer }>(`select ${call} as answer`, [...values]);
  if (!rows[0]) throw new Error(`${call} answered nothing`);
  return rows[0].answer;
}
