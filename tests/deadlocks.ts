import { readFile } from 'node:fs/promises';
import { inject } from 'vitest';

/**
 * How many deadlocks the server has met in a database. Read from the server's log, which is written when it happens:
 * the statistics come later, and a caller that is retried never tells.
 */
export async function deadlocksIn(databaseUrl: string): Promise<number> {
  const database = new URL(databaseUrl).pathname.slice(1);
  const log = await readFile(inject('clusterLog'), 'utf8');
  return log.split('\n').filter((line) => line.includes(`@${database} ERROR:  deadlock detected`)).length;
}
