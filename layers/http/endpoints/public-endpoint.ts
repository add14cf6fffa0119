import middy from '@middy/core';
import { callers, type EndpointRoute } from '../caller.ts';
import type { HttpEvent, HttpResult } from '../event.ts';
import { problemResponse, timeoutEarlyResponse } from '../middlewares/problem-response.ts';
import { publicAccess } from '../middlewares/public-access.ts';
import { requestContext } from '../middlewares/request-context.ts';
import { securityResponse } from '../middlewares/security-headers.ts';
import { validation, validRequests } from '../middlewares/validation.ts';
import type { OperationsOf } from '../operation.ts';

/**
 * The handler of one Lambda function for everybody: its routes, each with its operation, after the whole chain. It reads no credential and knows no tenant.
 *
 * @example
 * export const handler = publicEndpoint(routesOf('health'), {
 *   'GET /health': publicOperation({ handle: () => ({ status: 'ok' }) }),
 * });
 */
export function publicEndpoint<const Route extends EndpointRoute<'none'>>(
  _routes: readonly Route[],
  operations: OperationsOf<Route>,
) {
  const handler = middy<HttpEvent, HttpResult>({ timeoutEarlyResponse })
    .use(requestContext())
    .use(securityResponse())
    .use(problemResponse())
    .use(publicAccess())
    .use(validation({ operations }))
    .handler((event) => validRequests.of(event).run(callers.of(event)));
  return Object.assign(handler, { operations });
}
