import { setTimeout as delay } from 'node:timers/promises';
import type { AwsError } from './aws-error.ts';

/**
 * What can go wrong with AWS, for tests and drills:
 * - `throttled`, `denied`, `failing`: the service answers that there are too many requests, that it is not allowed, or
 *   that it has failed inside; nothing happens
 * - `down`: the connection is closed before anything happens
 * - `answer-lost`: it happens, and the connection is closed before the answer
 * - `silent`: nothing happens and nothing is answered
 */
export type Fault = 'throttled' | 'denied' | 'failing' | 'down' | 'answer-lost' | 'silent';

export interface FaultOptions {
  /** Such as `PutObject`; every operation when absent. */
  readonly operation?: string;
  /** How many requests it meets; all from here on when absent. */
  readonly times?: number;
}

/** Injects faults into a service. */
export interface Faults {
  /** Returns what ends it. */
  inject(fault: Fault, options?: FaultOptions): () => void;
  /** Ends all of them. */
  clear(): void;
}

/** Closes the connection without an answer. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

interface Injected {
  readonly fault: Fault;
  readonly operation: string | undefined;
  left: number;
}

/** How a service says the faults that it answers. */
export type FaultWords = Readonly<Record<'throttled' | 'denied' | 'failing', () => AwsError>>;

/** The faults of one service, and the place in its course where they strike. */
export function createFaults(words: FaultWords): Faults & {
  meet<T>(operation: string, work: () => Promise<T>): Promise<T>;
} {
  const injected = new Set<Injected>();

  function next(operation: string): Fault | undefined {
    for (const each of injected) {
      if (each.operation !== undefined && each.operation !== operation) continue;
      each.left -= 1;
      if (each.left <= 0) injected.delete(each);
      return each.fault;
    }
    return undefined;
  }

  return {
    inject(fault, { operation, times = Number.POSITIVE_INFINITY } = {}) {
      const added: Injected = { fault, operation, left: times };
      injected.add(added);
      return () => injected.delete(added);
    },
    clear: () => injected.clear(),
    /** Does the work of an operation, unless a fault comes first. */
    async meet(operation, work) {
      const fault = next(operation);
      if (fault === undefined) return await work();
      if (fault === 'answer-lost') await work();
      if (fault === 'answer-lost' || fault === 'down') throw new NoAnswer(fault);
      // Longer than any client waits; the end of the service closes the connection.
      if (fault === 'silent') await delay(2 ** 31 - 1, undefined, { ref: false });
      throw words[fault as keyof FaultWords]();
    },
  };
}
