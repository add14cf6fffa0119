import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, type Operation, outcomeOf, outcomeOfAttempt } from './journal.ts';

/** How long a client waits for an answer. */
const patienceMs = 6_000;
/** A client comes back earlier than Retry-After says: that is the harder case, and the run is shorter. */
const longestPauseMs = 300;
const shortestPauseMs = 50;

/** Sends a request once, and keeps what became of it. */
export async function attempt(url: string, operation: Operation): Promise<void> {
  const startedMs = performance.now();
  let answer: Answer | undefined;
  let wasRefused = false;
  try {
    answer = await send(url, operation);
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
    wasRefused = cause?.code === 'ECONNREFUSED';
  }
  operation.attempts.push({ startedMs, endedMs: performance.now(), answer, wasRefused });
}

async function send(url: string, operation: Operation): Promise<Answer> {
  const { method, path, headers, body } = operation;
  const response = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(patienceMs),
  });
  const text = await response.text();
  const contentType = response.headers.get('content-type') ?? undefined;
  return {
    status: response.status,
    contentType,
    retryAfter: response.headers.get('retry-after') ?? undefined,
    replayed: response.headers.get('idempotent-replayed') === 'true',
    text,
    body: contentType?.includes('json') ? JSON.parse(text) : undefined,
  };
}

/**
 * Sends a request again and again, as a client would, until its outcome is known or the time is over. What has no key is
 * not repeated once it may have taken effect.
 */
export async function perform(url: string, operation: Operation, untilMs: number): Promise<void> {
  for (;;) {
    await attempt(url, operation);
    if (!shouldRepeat(operation) || performance.now() >= untilMs) return;
    const retryAfterMs = Number(operation.attempts.at(-1)?.answer?.retryAfter ?? 0) * 1_000;
    await delay(Math.min(longestPauseMs, Math.max(shortestPauseMs, retryAfterMs)));
  }
}

/** Whether a client would send it again. */
export function shouldRepeat(operation: Operation): boolean {
  const last = operation.attempts.at(-1);
  if (!last) return true;
  if (outcomeOf(operation) === 'acknowledged') return false;
  const mayRepeat = operation.key !== undefined || operation.writes === undefined;
  if (outcomeOfAttempt(last) === 'unknown') return mayRepeat;
  return last.wasRefused || last.answer?.status === 503 || last.answer?.status === 429;
}
