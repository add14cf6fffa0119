import { OutcomeUnknown, type Problem, Unavailable } from '#platform/errors.ts';
import { log } from '#platform/log.ts';
import { loggableReason } from '#platform/loggable.ts';
import { toProblem } from '#platform/postgres/sqlstate.ts';
import { type HttpMiddleware, type HttpResult, json, requestKeys } from '../event.ts';
import { statusTitles } from '../status-titles.ts';

/** Lambda is about to end the function, and the request is still under way. */
export class FunctionEnding extends Error {
  override readonly name = 'FunctionEnding';
}

/** What middy calls shortly before Lambda ends the function. */
export function timeoutEarlyResponse(): never {
  throw new FunctionEnding('the time of the function is over');
}

export interface ProblemResponseOptions {
  /** Where the reason of a failure goes that callers are not shown. */
  readonly log?: Pick<typeof log, 'warn' | 'error'>;
}

const defaults = { log } satisfies ProblemResponseOptions;

/**
 * Answers every error as `application/problem+json` (RFC 9457). Callers must not see SQL, stacks or anything else that is
 * not in the table of `sqlstate.ts`: that goes to the log under the request id, and they get a plain 500.
 *
 * @example
 * middy().use(requestContext()).use(problemResponse()).handler(…)
 */
export function problemResponse(options: ProblemResponseOptions = {}): HttpMiddleware {
  const { log } = { ...defaults, ...options };

  const problemResponseOnError: HttpMiddleware['onError'] = (request) => {
    const keys = requestKeys(request.event);
    const problem =
      request.error instanceof FunctionEnding
        ? tooLate(request.error, request.event.requestContext.http.method)
        : toProblem(request.error);
    if (!problem) log.error('the request failed', { ...keys, error: request.error });
    else if (problem.status >= 500)
      log.warn(problem.message, { ...keys, reason: loggableReason(problem.options.cause) });
    request.response = problem ? present(problem, keys.requestId) : presentFault(keys.requestId);
  };

  return { onError: problemResponseOnError };
}

/** What a request has written by now, or will write, only the database knows. */
function tooLate(error: FunctionEnding, method: string): Problem {
  const why = 'The request took too long and was stopped';
  return method === 'GET' ? new Unavailable(`${why}.`, error, 'timeout') : new OutcomeUnknown(error, why);
}

function present({ code, status, message, options }: Problem, requestId: string): HttpResult {
  const { errors, extra, retryAfterSeconds, headers } = options;
  const result = json(
    status,
    {
      type: 'about:blank',
      title: statusTitles[status],
      status,
      code,
      detail: message,
      requestId,
      errors,
      ...extra,
    },
    'application/problem+json',
  );
  Object.assign(result.headers, headers);
  if (retryAfterSeconds !== undefined) result.headers['retry-after'] = String(retryAfterSeconds);
  return result;
}

function presentFault(requestId: string): HttpResult {
  return json(
    500,
    {
      type: 'about:blank',
      title: statusTitles[500],
      status: 500,
      code: 'internal',
      detail: 'Something went wrong on our side. Quote the request id when you report it.',
      requestId,
    },
    'application/problem+json',
  );
}
