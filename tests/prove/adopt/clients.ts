import { Client } from 'pg';
import { type Entry, enter } from '#tests/migrations/adopt/entry.ts';
import type { Program } from '#tests/migrations/adopt/programs.ts';

/** An organization, and the row of the application that became it, which its clients know. */
export type AccountEntry = Entry & { readonly account: string | undefined };

/** What the clients of an application met. */
export interface Tally {
  readonly statements: number;
  /** The messages of the statements that failed. */
  readonly failures: readonly string[];
  /** The longest that a statement took, in milliseconds. */
  readonly longestMs: number;
}

/**
 * Lets clients work as an application does, from now on, each in a connection of its own.
 * @param entries when given, each piece of work is a transaction that enters one of the organizations
 * @returns what ends them, after the piece of work at hand, and tells what they met
 */
export async function startClients(
  url: string,
  program: Program,
  count: number,
  entries: readonly AccountEntry[] = [],
): Promise<() => Promise<Tally>> {
  let isOver = false;
  let statements = 0;
  let longestMs = 0;
  const failures: string[] = [];
  const clients = await Promise.all(
    Array.from({ length: count }, async () => {
      const client = new Client({ connectionString: url });
      await client.connect();
      return client;
    }),
  );
  const runs = clients.map(async (client, index) => {
    const timed = withTimes(client, (ms) => {
      statements += 1;
      longestMs = Math.max(longestMs, ms);
    });
    const entry = entries[index % Math.max(1, entries.length)];
    while (!isOver) {
      try {
        if (entry) await enter(timed, entry, 'write');
        await program.work(timed, nextNumber(), entry?.account);
        if (entry) await timed.query('commit');
      } catch (error) {
        failures.push((error as Error).message);
        await client.query('rollback');
      }
    }
    await client.end();
  });
  return async () => {
    isOver = true;
    await Promise.all(runs);
    return { statements, failures, longestMs };
  };
}

let last = 1_000;

/** Each piece of work has a number that no other has. */
function nextNumber(): number {
  last += 1;
  return last;
}

/** A client that reports how long each of its statements took. */
function withTimes(client: Client, report: (ms: number) => void): Client {
  const query = async (...given: Parameters<Client['query']>) => {
    const startedMs = performance.now();
    try {
      return await client.query(...given);
    } finally {
      report(performance.now() - startedMs);
    }
  };
  return { query } as unknown as Client;
}
