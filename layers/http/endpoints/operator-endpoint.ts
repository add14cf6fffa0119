import middy from '@middy/core';
import { callers, type EndpointRoute } from '../caller.ts';
import type { HttpEvent, HttpResult } from '../event.ts';
import { compression } from '../middlewares/compression.ts';
import { operatorResolution } from '../middlewares/operator-resolution.ts';
import { problemResponse, timeoutEarlyResponse } from '../middlewares/problem-response.ts';
import { requestContext } from '../middlewares/request-context.ts';
import { securityResponse } from '../middlewares/security-headers.ts';
import { validation, validRequests } from '../middlewares/validation.ts';
import { isListOf, type OperationsOf } from '../operation.ts';

/**
 * The handler of one Lambda function for operators of the platform: its routes, each with its operation, after the whole chain. It knows no tenant.
 *
 * @example
 * export const handler = operatorEndpoint(routesOf('drills'), {
 *   'GET /platform/drills': operatorOperation({ handle: () => listDrills() }),
 * });
 */
export function operatorEndpoint<const Route extends EndpointRoute<'operator'>>(
  _routes: readonly Route[],
  operations: OperationsOf<Route>,
) {
  const handler = middy<HttpEvent, HttpResult>({ timeoutEarlyResponse })
    .use(requestContext())
    .use(compression({ mayCompress: isListOf(operations) }))
    .use(securityResponse())
    .use(problemResponse())
    .use(operatorResolution())
    .use(validation({ operations }))
    .handler((event) => validRequests.of(event).run(callers.of(event)));
  return Object.assign(handler, { operations });
}
