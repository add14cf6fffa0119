import { setTimeout as delay } from 'node:timers/promises';

/** How often and how patiently something is tried again. */
export interface RetryPolicy {
  /** How many times it is tried in all. */
  readonly attempts: number;
  /** The longest pause between two attempts; pauses double from 50 ms and are jittered. */
  readonly maxPauseMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `work` until it succeeds, `isRetryable` says no, or the attempts are used up; then throws its last error.
 * `onRetry` is awaited before each pause. Pauses are jittered, so that two who collided do not collide again.
 */
export async function retry<Result>(
  policy: RetryPolicy,
  isRetryable: (error: unknown) => boolean,
  onRetry: (attempt: number, error: unknown) => void | Promise<void>,
  work: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= policy.attempts || !isRetryable(error)) throw error;
      await onRetry(attempt, error);
      await delay(jitteredPauseMs(attempt, policy.maxPauseMs), undefined, { signal: policy.signal });
    }
  }
}

/** Half to all of an exponentially growing pause, in milliseconds. */
export function jitteredPauseMs(attempt: number, maxPauseMs: number): number {
  return Math.min(maxPauseMs, 50 * 2 ** Math.min(attempt - 1, 16)) * (0.5 + Math.random() / 2);
}
