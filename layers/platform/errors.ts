/**
 * The errors that callers may see. Every other error is a fault of ours: the caller gets a plain 500 with the
 * request id, and the log gets the details.
 */

import { Refusal } from './refusal.ts';

/** One mistake in the input: where it is, what is wrong, and how to correct it. `field` is a path such as `lines[3].sku`. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export interface ProblemOptions {
  /** The mistakes in the input, by field. */
  readonly errors?: readonly FieldError[];
  /** Extra members of the answer, such as the lines that are short of stock. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** A refusal with a code for programs, a status for HTTP and a sentence for people (RFC 9457). */
export class Problem extends Refusal {
  override readonly name: string = 'Problem';
  readonly code: string;
  readonly status: number;
  readonly options: ProblemOptions;

  constructor(code: string, status: number, detail: string, options: ProblemOptions = {}) {
    super(detail, undefined, { cause: options.cause });
    this.code = code;
    this.status = status;
    this.options = options;
  }
}

/** The request itself is wrong. The same request can never succeed. */
export class InvalidInput extends Problem {
  override readonly name = 'InvalidInput';

  constructor(detail: string, errors: readonly FieldError[], status = 400) {
    super('invalid_input', status, detail, { errors });
  }
}

/** Fields of a request that are wrong by themselves, whatever the database holds. */
export function wrongFields(errors: readonly FieldError[]): InvalidInput {
  return new InvalidInput(
    errors.length === 1
      ? 'A field of the request is wrong.'
      : `${errors.length} fields of the request are wrong.`,
    errors,
  );
}

/** There are more requests at once than one organization may have. */
export function tooManyUnderWay(): Problem {
  return new Problem(
    'too_many_requests',
    429,
    'The organization has too many requests under way at once: try again.',
    {
      retryAfterSeconds: 1,
    },
  );
}

/** The caller sent no credential, or one that is not valid. */
export class Unauthenticated extends Problem {
  override readonly name = 'Unauthenticated';

  constructor(code: 'unauthenticated' | 'invalid_credentials', detail: string) {
    super(code, 401, detail, { headers: { 'www-authenticate': 'Bearer realm="stockade"' } });
  }
}

/** Nothing has this name: it never existed, or it belongs to another tenant. The answer is the same. */
export class NotFound extends Problem {
  override readonly name = 'NotFound';

  constructor(what: string) {
    super('not_found', 404, `There is no ${what}.`);
  }
}

/** A service that Stockade depends on does not answer. The same request may succeed later. */
export class Unavailable extends Problem {
  override readonly name: string = 'Unavailable';

  constructor(detail: string, cause?: unknown, code = 'unavailable', retryAfterSeconds = 2) {
    super(code, 503, detail, { retryAfterSeconds, cause });
  }
}

/** COMMIT was sent to the database, and its answer never came: the work may be stored or not. */
export class OutcomeUnknown extends Unavailable {
  override readonly name = 'OutcomeUnknown';

  constructor(cause: unknown, why = 'The connection to the database was lost at the end of the request') {
    super(
      `${why}: it may be stored or not. Repeat it with the same Idempotency-Key; without one, look before you repeat it.`,
      cause,
      'outcome_unknown',
    );
  }
}

/** A setting is missing or invalid: a fault of the deployment, found at start. */
export class MissingSetting extends Refusal {
  override readonly name = 'MissingSetting';
}
