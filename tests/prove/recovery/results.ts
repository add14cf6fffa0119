import { createRecoveryFixture } from './fixture.ts';
import { commitSabotage, type Sabotage, type SabotageResult } from './sabotage.ts';
import { sabotages } from './sabotages.ts';

export interface RecoveryResults {
  readonly results: readonly SabotageResult[];
  readonly ok: boolean;
  readonly durationMs: number;
}

/** Commits every sabotage on one fixture. Each repairs what it damaged. Sets process.env to an AWS of its own. */
export async function proveRecovery(
  options: {
    readonly only?: readonly Sabotage[];
    readonly onResult?: (result: SabotageResult) => void;
    readonly signal?: AbortSignal;
  } = {},
): Promise<RecoveryResults> {
  const startedMs = performance.now();
  await using fixture = await createRecoveryFixture();
  const results: SabotageResult[] = [];
  for (const sabotage of options.only ?? sabotages) {
    options.signal?.throwIfAborted();
    const result = await commitSabotage(fixture, sabotage);
    results.push(result);
    options.onResult?.(result);
  }
  return {
    results,
    ok: results.every(({ faults }) => faults.length === 0),
    durationMs: performance.now() - startedMs,
  };
}
