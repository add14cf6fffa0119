import fc from 'fast-check';
import type { modelSettings } from './settings.ts';

/**
 * Runs a property over sequences. When one fails it is shrunk, and the error says how to repeat it and what was asked and
 * answered, a line an operation.
 */
export async function holds<T>(
  { runs, seed, path, shrinkSeconds }: ReturnType<typeof modelSettings>,
  sequences: fc.Arbitrary<T>,
  play: (sequence: T) => Promise<number>,
): Promise<void> {
  let failedAtMs: number | undefined;
  let operations = 0;
  const property = fc.asyncProperty(sequences, async (sequence) => {
    // Shrinking ends with what it has found until then.
    if (failedAtMs && performance.now() > failedAtMs + shrinkSeconds * 1000) return;
    try {
      operations += await play(sequence);
    } catch (error) {
      failedAtMs ??= performance.now();
      throw error;
    }
  });
  const begunAtMs = performance.now();
  const details = await fc.check(property, {
    numRuns: runs,
    ...(seed !== undefined && { seed }),
    ...(path && { path }),
  });
  if (process.env.STOCKADE_MODEL_RUNS) {
    const seconds = Math.round((performance.now() - begunAtMs) / 1000);
    process.stdout.write(`${details.numRuns} sequences, ${operations} operations, ${seconds} s, seed ${details.seed}
`);
  }
  if (details.failed) throw new Error(report(details));
}

function report<T>(details: fc.RunDetails<[T]>): string {
  const { seed, counterexamplePath, counterexample, errorInstance, numRuns, numShrinks } = details;
  const replay = /replayPath="([^"]*)"/.exec(fc.stringify(counterexample))?.[1];
  const repeats = [
    `STOCKADE_MODEL_SEED=${seed}`,
    `STOCKADE_MODEL_PATH=${counterexamplePath}`,
    ...(replay ? [`STOCKADE_MODEL_REPLAY=${replay}`] : []),
    'npm test -- tests/model',
  ];
  return [
    `Sequence ${numRuns} is answered otherwise than the model answers it. Shrunk ${numShrinks} times, it is:`,
    '',
    errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
    '',
    `Again: ${repeats.join(' ')}`,
  ].join('\n');
}
