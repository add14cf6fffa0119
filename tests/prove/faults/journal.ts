/** An organization whose clients make the load. Its slug is in every name that it gives, so that a leak shows. */
export interface Organization {
  readonly id: string;
  readonly slug: string;
  readonly apiKey: string;
  /** The token of a user who may write. */
  readonly token: string;
}

/** What a client was answered. */
export interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly retryAfter: string | undefined;
  readonly replayed: boolean;
  readonly text: string;
  /** The text as JSON; undefined when it is something else. */
  // biome-ignore lint/suspicious/noExplicitAny: the checker looks into every kind of answer
  readonly body: any;
}

/** One sending of a request. Without an answer the connection was lost, or the client lost patience. */
export interface Attempt {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly answer: Answer | undefined;
  /** Whether nothing was sent, because the connection was refused. */
  readonly wasRefused: boolean;
}

/** The name under which the database shows what a request has written. */
export interface Written {
  readonly kind: 'entry' | 'item';
  readonly name: string;
}

/** What a client wanted, and every attempt at it. */
export interface Operation {
  readonly organization: Organization;
  readonly what: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object | undefined;
  /** Undefined for a read. */
  readonly writes: Written | undefined;
  /** The Idempotency-Key. A write without one is not repeated once its outcome is unknown. */
  readonly key: string | undefined;
  readonly attempts: Attempt[];
}

/** Everything that the clients of a run have asked, and what they were answered. */
export type Journal = readonly Operation[];

export type Outcome = 'acknowledged' | 'refused' | 'unknown';

/** What one attempt tells its client. */
export function outcomeOfAttempt({ answer, wasRefused }: Attempt): Outcome {
  if (!answer) return wasRefused ? 'refused' : 'unknown';
  if (answer.status < 300) return 'acknowledged';
  // A gateway that answers in place of the function knows nothing of what the function did.
  if (answer.status >= 500 && (answer.body?.code === undefined || answer.body.code === 'internal'))
    return 'unknown';
  return answer.body?.code === 'outcome_unknown' ? 'unknown' : 'refused';
}

/** What all attempts together tell: a refusal counts only when no other attempt may have taken effect. */
export function outcomeOf({ attempts }: Operation): Outcome {
  const outcomes = attempts.map(outcomeOfAttempt);
  if (outcomes.includes('acknowledged')) return 'acknowledged';
  return outcomes.includes('unknown') || outcomes.length === 0 ? 'unknown' : 'refused';
}

/** The answer that acknowledges an operation. */
export function acknowledgementOf({ attempts }: Operation): Answer | undefined {
  return attempts.find((attempt) => outcomeOfAttempt(attempt) === 'acknowledged')?.answer;
}

/** The longest time in which no client got an answer that it wanted. */
export function longestOutageMs(journal: Journal): number {
  const attempts = journal.flatMap((operation) => operation.attempts);
  const successes = attempts
    .filter((attempt) => outcomeOfAttempt(attempt) === 'acknowledged')
    .map(({ endedMs }) => endedMs)
    .sort((a, b) => a - b);
  const gaps = successes.slice(1).map((endedMs, index) => endedMs - (successes[index] ?? endedMs));
  return Math.max(0, ...gaps);
}
