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
  jobs.query = ((...args: unknown[]) => {
    if (isDone || !JSON.stringify(args).includes(statement)) return Reflect.apply(query, jobs, args);
    isDone = true;
    const sent = (async () => {
      await happens();
      return await Reflect.apply(query, jobs, args);
    })();
    const [message] = args as [Partial<Told>];
    if (!message.handleError) return sent;
    // A message of several statements has a callback, and nobody waits for what is returned.
    sent.catch((error: Error) => message.handleError?.(error, undefined));
    return undefined;
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

/** How `pg` tells a query that it has failed. Its types do not declare it. */
interface Told {
  handleError(error: Error, connection: unknown): void;
}
