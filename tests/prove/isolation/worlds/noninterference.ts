import fc from 'fast-check';
import { createApiKey } from '#tenancy/credentials/api-keys.ts';
import type { Clone } from '../../clone.ts';
import { keyEnvironment } from '../api.ts';
import type { CanonicalAnswer } from './canonical.ts';
import { Coverage, provenRoutes, type Statuses } from './coverage.ts';
import { issueTokens } from './credentials.ts';
import { opening, sequence } from './requests.ts';
import type { Step } from './step.ts';
import { tour } from './tour.ts';
import { openWorld, type Visit, type World, worldNames } from './world.ts';

export interface NonInterferenceReport {
  readonly routes: number;
  /** A sentence for each route that was never asked, or that never succeeded. */
  readonly gaps: readonly string[];
  readonly worlds: readonly string[];
  readonly sequences: number;
  /** The number of requests in each world. */
  readonly requests: number;
  readonly statuses: Statuses;
  /** The shortest sequence that two worlds answer differently, as text; undefined when none was found. */
  readonly difference?: string;
}

export interface NonInterferenceOptions {
  /** The number of random sequences after the tour of all routes. */
  readonly runs: number;
  readonly seed?: number | undefined;
  /** Changes the empty database of each world. */
  readonly prepare?: (clone: Clone) => Promise<unknown>;
  readonly signal?: AbortSignal;
  readonly onRun?: (done: number) => void;
}

/**
 * Sends the same requests of one organization to worlds that differ only in another organization, and compares the status,
 * headers and body of every answer. It begins with a successful request to every route, then sends random sequences.
 */
export async function proveNonInterference(
  clusterUrl: string,
  template: string,
  { runs, seed, prepare, signal, onRun }: NonInterferenceOptions,
): Promise<NonInterferenceReport> {
  await using tokens = await issueTokens();
  const worlds = await Promise.all(
    worldNames.map((name) => openWorld(name, clusterUrl, template, tokens, prepare)),
  );
  const coverage = new Coverage();
  let requests = 0;
  let done = 0;
  const ask = async (steps: readonly Step[]) => {
    signal?.throwIfAborted();
    await runEverywhere(worlds, steps, (step, status) => {
      requests += 1;
      coverage.note(step, status);
    });
  };
  const askAtRandom = async () => {
    const property = fc.asyncProperty(sequence, async (steps) => {
      await ask([...opening, ...steps]);
      done += 1;
      onRun?.(done);
    });
    const outcome = await fc.check(property, { numRuns: runs, seed, maxSkipsPerRun: 0 });
    return outcome.failed ? describe(outcome) : undefined;
  };
  try {
    const difference = (await ask(tour).catch(describeTour)) ?? (runs > 0 ? await askAtRandom() : undefined);
    signal?.throwIfAborted();
    return {
      routes: provenRoutes.length,
      gaps: coverage.gaps(),
      worlds: worldNames,
      sequences: done,
      requests,
      statuses: coverage.statuses,
      ...(difference === undefined ? {} : { difference }),
    };
  } finally {
    await Promise.all(worlds.map((world) => world[Symbol.asyncDispose]()));
  }
}

/** Two worlds have answered a step differently. */
class Difference extends Error {
  override readonly name = 'Difference';
}

async function runEverywhere(
  worlds: readonly World[],
  steps: readonly Step[],
  onAnswer: (step: Step, status: number) => void,
): Promise<void> {
  const key = createApiKey(keyEnvironment);
  const visits = await Promise.all(worlds.map((world) => world.enter(key)));
  try {
    for (const step of steps) {
      const answers = await Promise.all(visits.map((visit: Visit) => visit.ask(step)));
      const [first, ...others] = answers;
      if (!first) throw new Error('there is no world');
      for (const [index, other] of others.entries())
        assertSame(step, first, other, worlds[index + 1]?.name ?? '');
      onAnswer(step, first.status);
    }
  } finally {
    await Promise.all(visits.map((visit) => visit.leave()));
  }
}

function assertSame(step: Step, absent: CanonicalAnswer, other: CanonicalAnswer, name: string): void {
  const [expected, found] = [JSON.stringify(absent), JSON.stringify(other)];
  if (expected === found) return;
  throw new Difference(
    `${JSON.stringify(step)}\n  answer in the world "absent":\n    ${expected}\n  answer in the world "${name}":\n    ${found}`,
  );
}

function describe(outcome: fc.RunDetails<[readonly Step[]]>): string {
  const steps = (outcome.counterexample?.[0] ?? []).map((step) => `  ${JSON.stringify(step)}`);
  return [`seed ${outcome.seed}, after the opening and`, ...steps, messageOf(outcome.errorInstance)].join(
    '\n',
  );
}

function describeTour(error: unknown): string {
  return `on the tour of all routes (tests/prove/isolation/worlds/tour.ts)\n${messageOf(error)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
