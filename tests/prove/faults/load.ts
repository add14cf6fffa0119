import { setTimeout as delay } from 'node:timers/promises';
import { attempt, perform, shouldRepeat } from './client.ts';
import { acknowledgementOf, type Journal, type Operation, type Organization } from './journal.ts';
import { type ClientName, requestOf, turnCount } from './requests.ts';

/** Clients that read and write until they are stopped. Each waits for its answer before it asks again. */
export interface Load {
  readonly journal: Journal;
  /** Returns when the clients have asked everything once, or the time for that is over. */
  warmUp(): Promise<void>;
  /** Returns when every client has ended its request. */
  stop(): Promise<void>;
  /**
   * Repeats what is undecided and has a key until it is decided, then repeats some of what was acknowledged.
   * @returns the operations that nobody answered
   */
  settle(): Promise<readonly Operation[]>;
}

export interface LoadOptions {
  readonly organizations: readonly Organization[];
  readonly clientsEach: number;
  readonly url: string;
}

/** The pause of a client between two requests, on average. */
const pauseMs = 15;
/** How long a client tries before it turns to its next request. The rest is settled at the end. */
const effortMs = 8_000;
/** How long after the fault everything must have an answer. */
const settleMs = 30_000;
const warmUpMs = 15_000;
const replaysEach = 6;

/** Clocks of clients: right, behind and ahead. */
const clocksAheadMs = [0, -26 * 3_600_000, 40_000];

export function startLoad({ organizations, clientsEach, url }: LoadOptions): Load {
  const journal: Operation[] = [];
  const stopping = new AbortController();
  const clients = organizations.flatMap((organization, index) =>
    Array.from(
      { length: clientsEach },
      (_, number): ClientName => ({
        organization,
        number,
        clockAheadMs: clocksAheadMs[(index + number) % clocksAheadMs.length] ?? 0,
      }),
    ),
  );
  const work = clients.map(async (client) => {
    const own: Operation[] = [];
    for (let turn = 0; !stopping.signal.aborted; turn += 1) {
      const operation = requestOf(client, turn, own);
      own.push(operation);
      journal.push(operation);
      await perform(url, operation, performance.now() + effortMs);
      await delay(pauseMs * (0.5 + Math.random()));
    }
  });
  return {
    journal,
    async warmUp() {
      const untilMs = performance.now() + warmUpMs;
      while (journal.length < clients.length * turnCount && performance.now() < untilMs) await delay(20);
    },
    async stop() {
      stopping.abort();
      await Promise.all(work);
    },
    async settle() {
      const untilMs = performance.now() + settleMs;
      const undecided = journal.filter(shouldRepeat);
      await Promise.all(undecided.map((operation) => perform(url, operation, untilMs)));
      await replay(url, journal, organizations);
      return undecided.filter(shouldRepeat);
    },
  };
}

/** Repeats requests that were acknowledged, first those that took several attempts. */
async function replay(url: string, journal: Journal, organizations: readonly Organization[]): Promise<void> {
  const repeated = organizations.flatMap((organization) =>
    journal
      .filter((each) => each.organization === organization && each.key && acknowledgementOf(each))
      .sort((a, b) => b.attempts.length - a.attempts.length)
      .slice(0, replaysEach),
  );
  for (const operation of repeated) await attempt(url, operation);
}
