import type { Client } from 'pg';
import { expect } from 'vitest';

/**
 * Does something just before a connection sends a statement for the first time, while work is done with it. That the
 * statement is sent at all is expected.
 */
export async function meanwhile<T>(
  jobs: Client,
  statement: string,
  happens: () => unknown,
  work: () => Promise<T>,
): Promise<T> {
  const { query } = jobs;
  let isDone = false;
  jobs.query = (async (...args: unknown[]) => {
    if (!isDone && JSON.stringify(args).includes(statement)) {
      isDone = true;
      await happens();
    }
    return await Reflect.apply(query, jobs, args);
  }) as typeof query;
  let done: T;
  try {
    done = await work();
  } finally {
    jobs.query = query;
  }
  expect(isDone).toBe(true);
  return done;
}
