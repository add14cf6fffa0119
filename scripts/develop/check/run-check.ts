import { counted } from '#platform/text/plural.ts';
import { describeFailure, failureText } from '#scripts/cli/failure.ts';
import type { Check } from './checks.ts';

/** The result of a check. */
export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly durationMs: number;
  readonly faults: readonly string[];
}

/** Runs one check. A check that could not run has not passed. Throws only when it is interrupted. */
export async function runCheck(
  { name, faults }: Check,
  root: string,
  signal: AbortSignal,
): Promise<CheckResult> {
  const startedMs = performance.now();
  const found = await faults(root, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    return [failureText(describeFailure(error))];
  });
  return {
    name,
    ok: found.length === 0,
    durationMs: Math.round(performance.now() - startedMs),
    faults: found,
  };
}

const shownLines = 60;

/** A result for people: one line, and the first faults below it. */
export function resultText({ name, ok, durationMs, faults }: CheckResult): string {
  const lines = faults.join('\n').split('\n').filter(Boolean);
  const cut = lines.length > shownLines ? [`… and ${counted(lines.length - shownLines, 'more line')}`] : [];
  return [
    `${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(11)}${(durationMs / 1000).toFixed(1)} s`,
    ...[...lines.slice(0, shownLines), ...cut].map((line) => `  ${line}`),
  ].join('\n');
}
