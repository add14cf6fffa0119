import { STATUS_CODES } from 'node:http';
import type { MiddlewareObj } from '@middy/core';
import type { Problem } from '#platform/errors.ts';
import { log } from '#platform/log.ts';
import { toProblem } from '#platform/postgres/sqlstate.ts';
import { type HttpEvent, type HttpResult, json } from './event.ts';
import { requestKeys } from './request-context.ts';

/**
 * Turns whatever was thrown into `application/problem+json` (RFC 9457). What callers may not know (SQL, stacks,
 * anything that is not in the table of `sqlstate.ts`) goes to the log under the request id; they get a plain 500.
 *
 * @example
 * middy().use(problemResponse()).handler(…)
 */
export function problemResponse(): MiddlewareObj<HttpEvent, HttpResult> {
  const onError: MiddlewareObj<HttpEvent, HttpResult>['onError'] = (request) => {
    const keys = requestKeys(request.event);
    const problem = toProblem(request.error);
    if (!problem) log.error('the request failed', { ...keys, error: request.error as Error });
    else if (problem.status >= 500)
      log.warn(problem.message, { ...keys, error: problem.options.cause as Error });
    request.response = problem ? present(problem, keys.requestId) : presentFault(keys.requestId);
  };
  return { onError };
}

function present({ code, status, message, options }: Problem, requestId: string): HttpResult {
  const { errors, extra, retryAfterSeconds, headers } = options;
  const result = json(
    status,
    {
      type: 'about:blank',
      title: STATUS_CODES[status],
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
      title: STATUS_CODES[500],
      status: 500,
      code: 'internal',
      detail: 'Something went wrong on our side. Quote the request id when you report it.',
      requestId,
    },
    'application/problem+json',
  );
}
