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
export type Fault = AnsweredFault | 'down' | 'answer-lost' | 'silent';
type AnsweredFault = 'throttled' | 'denied' | 'failing';

export interface FaultOptions {
  /** Such as `PutObject`; every operation when absent. */
  readonly operation?: string;
  /** How many requests it meets; all from here on when absent. */
  readonly times?: number;
}

/** Injects faults into a service, which may know others beside those of every service. */
export interface Faults<Own extends string = never> {
  /** Returns what ends it. */
  inject(fault: Fault | Own, options?: FaultOptions): () => void;
  /** Ends all of them. */
  clear(): void;
}

/** Closes the connection without an answer. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

interface Injected {
  readonly fault: string;
  readonly operation: string | undefined;
  left: number;
}

type Words<F extends string> = Readonly<Record<F, (operation: string) => AwsError>>;
/** How a service says the faults that it answers. */
export type FaultWords = Words<AnsweredFault>;
/** How it says those that only it has. One without words strikes behind the answer. */
export type OwnFaultWords<Own extends string> = Partial<Words<Own>>;

/** The faults of one service, and the places in its course where they strike. */
export interface MetFaults<Own extends string> extends Faults<Own> {
  /** Does the work of an operation, unless a fault comes first. */
  meet<T>(operation: string, work: () => Promise<T>): Promise<T>;
  /** Checks whether a fault strikes the work that an operation starts after its answer. Each check uses up one strike. */
  strikes(fault: Own, operation: string): boolean;
}

export function createFaults<Own extends string = never>(
  words: FaultWords,
  ownWords: OwnFaultWords<Own> = {},
): MetFaults<Own> {
  const answers: Readonly<Record<string, ((operation: string) => AwsError) | undefined>> = {
    ...words,
    ...ownWords,
  };
  const atOnce = [...Object.keys(answers), 'down', 'answer-lost', 'silent'];
  const injected = new Set<Injected>();

  function next(operation: string, among: readonly string[]): string | undefined {
    for (const each of injected) {
      if (!among.includes(each.fault)) continue;
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
    strikes: (fault, operation) => next(operation, [fault]) !== undefined,
    async meet(operation, work) {
      const fault = next(operation, atOnce);
      if (fault === undefined) return await work();
      if (fault === 'answer-lost') await work();
      if (fault === 'answer-lost' || fault === 'down') throw new NoAnswer(fault);
      // Longer than any client waits; the end of the service closes the connection.
      if (fault === 'silent') await delay(2 ** 31 - 1, undefined, { ref: false });
      throw answers[fault]?.(operation) ?? new NoAnswer(fault);
    },
  };
}
