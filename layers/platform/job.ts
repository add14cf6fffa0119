import { Unavailable } from './errors.ts';
import { errorText } from './loggable.ts';
import { isSqlError, toProblem } from './postgres/sqlstate.ts';
import { hideSecrets } from './text/secrets-in-text.ts';

/**
 * The failure of a job, as Lambda may log it. Lambda writes every field of the error that a handler throws, and an error
 * of Postgres has the values of a row in its fields: this error has none.
 * When the database or AWS is unavailable it is one line. Otherwise it has the stack and the causes.
 */
export class JobFailed extends Error {
  readonly #original: unknown;

  constructor(original: unknown) {
    const said = originalText(original);
    super(said.message);
    this.#original = original;
    // Not a field: Lambda reports it as the type of the error.
    Object.defineProperty(this, 'name', { value: said.name, enumerable: false });
    this.stack = said.stack;
  }

  /** What the job threw. It must not reach a log as it is. */
  get original(): unknown {
    return this.#original;
  }
}

/**
 * The handler of a job: does the work, and fails with what a log may hold.
 *
 * @example export const handler = job(() => inJobs(beat));
 */
export function job<Given extends unknown[], Result>(
  work: (...given: Given) => Promise<Result>,
): (...given: Given) => Promise<Result> {
  return async (...given) => {
    try {
      return await work(...given);
    } catch (error) {
      throw new JobFailed(error);
    }
  };
}

function originalText(error: unknown): {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
} {
  const name = error instanceof Error ? error.name : 'Error';
  const message = hideSecrets(error instanceof Error ? error.message : String(error));
  const problem = toProblem(error);
  if (!(problem instanceof Unavailable)) return { name, message, stack: errorText(error) };
  const line = isSqlError(error) ? `${problem.message} (${error.code}: ${message})` : message;
  return { name: problem.name, message: line, stack: `${problem.name}: ${line}` };
}
