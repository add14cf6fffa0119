import fc from 'fast-check';
import { createApiKey } from '#tenancy/api-keys.ts';
import { keyEnvironment } from '../api.ts';
import type { Clone } from '../clone.ts';
import type { CanonicalAnswer } from './canonical.ts';
import { askedRoutes, opening, routesWithoutGenerator, sequence } from './requests.ts';
import type { Step } from './step.ts';
import { openWorld, type Visit, type World, worldNames } from './world.ts';

export interface NonInterferenceReport {
  readonly routes: number;
  /** Routes of the table that were not asked, because nothing knows how. */
  readonly notAsked: readonly string[];
  readonly worlds: readonly string[];
  readonly sequences: number;
  /** In each world. */
  readonly requests: number;
  /** How often each route was answered with which status. */
  readonly statuses: Readonly<Record<string, Readonly<Record<number, number>>>>;
  /** The shortest sequence found that two worlds answer differently, as text; undefined when there is none. */
  readonly difference?: string;
}

export interface NonInterferenceOptions {
  /** Random sequences. */
  readonly runs: number;
  readonly seed?: number | undefined;
  /** Changes each world's database before anything is in it. */
  readonly prepare?: (clone: Clone) => Promise<unknown>;
  readonly signal?: AbortSignal;
  readonly onRun?: (done: number) => void;
}

/**
 * Sends the same random sequence of one organization's requests into worlds that differ only in another
 * organization, and compares every answer: status, headers, body.
 */
export async function proveNonInterference(
  clusterUrl: string,
  template: string,
  { runs, seed, prepare, signal, onRun }: NonInterferenceOptions,
): Promise<NonInterferenceReport> {
  const worlds = await Promise.all(worldNames.map((name) => openWorld(name, clusterUrl, template, prepare)));
  const statuses: Record<string, Record<number, number>> = {};
  let requests = 0;
  let done = 0;
  try {
    const property = fc.asyncProperty(sequence, async (steps) => {
      signal?.throwIfAborted();
      const answered = await runEverywhere(worlds, [...opening, ...steps]);
      requests += answered.length;
      for (const { route, status } of answered) {
        statuses[route] ??= {};
        const counts = statuses[route];
        counts[status] = (counts[status] ?? 0) + 1;
      }
      done += 1;
      onRun?.(done);
    });
    const outcome = await fc.check(property, { numRuns: runs, seed, maxSkipsPerRun: 0 });
    signal?.throwIfAborted();
    return {
      routes: askedRoutes.length,
      notAsked: routesWithoutGenerator(),
      worlds: worldNames,
      sequences: outcome.numRuns,
      requests,
      statuses,
      ...(outcome.failed ? { difference: describe(outcome) } : {}),
    };
  } finally {
    await Promise.all(worlds.map((world) => world[Symbol.asyncDispose]()));
  }
}

/** A step that worlds have answered differently. */
class Difference extends Error {
  override readonly name = 'Difference';
}

async function runEverywhere(worlds: readonly World[], steps: readonly Step[]) {
  const key = createApiKey(keyEnvironment);
  const visits = await Promise.all(worlds.map((world) => world.enter(key)));
  const answered: { route: string; status: number }[] = [];
  try {
    for (const step of steps) {
      const answers = await Promise.all(visits.map((visit: Visit) => visit.ask(step)));
      const [first, ...others] = answers;
      if (!first) throw new Error('there is no world');
      for (const [index, other] of others.entries())
        assertSame(step, first, other, worlds[index + 1]?.name ?? '');
      answered.push({ route: step.route, status: first.status });
    }
  } finally {
    await Promise.all(visits.map((visit) => visit.leave()));
  }
  return answered;
}

function assertSame(step: Step, absent: CanonicalAnswer, other: CanonicalAnswer, name: string): void {
  const [expected, found] = [JSON.stringify(absent), JSON.stringify(other)];
  if (expected === found) return;
  throw new Difference(
    `${JSON.stringify(step)}\n  is answered, where the other organization is absent, with\n    ${expected}\n  and where it is ${name}, with\n    ${found}`,
  );
}

function describe(outcome: fc.RunDetails<[readonly Step[]]>): string {
  const steps = (outcome.counterexample?.[0] ?? []).map((step) => `  ${JSON.stringify(step)}`);
  const error =
    outcome.errorInstance instanceof Error ? outcome.errorInstance.message : String(outcome.errorInstance);
  return [`seed ${outcome.seed}, after the opening and`, ...steps, error].join('\n');
}
