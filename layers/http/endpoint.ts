import middy from '@middy/core';
import { callers, type EndpointRoute } from './caller.ts';
import type { HttpEvent, HttpResult } from './event.ts';
import { idempotency } from './middlewares/idempotency.ts';
import { FunctionEnding, problemResponse } from './middlewares/problem-response.ts';
import { requestContext } from './middlewares/request-context.ts';
import { securityResponse } from './middlewares/security-headers.ts';
import { tenantResolution } from './middlewares/tenant-resolution.ts';
import { validation, validRequests } from './middlewares/validation.ts';
import type { OperationFor } from './operation.ts';

function timeoutEarlyResponse(): never {
  throw new FunctionEnding('the time of the function is over');
}

/**
 * The handler of one Lambda function: its routes, each with its operation, after the whole chain. The scope of a route
 * decides who is let through: `none` everybody, `operator` operators, any other a tenant whose credential has it.
 *
 * @example
 * export const handler = endpoint(routesOf('organization'), {
 *   'GET /v1/organization': operation({ handle: ({ tenant }) => getOrganization(tenant) }),
 * });
 */
export function endpoint<const Route extends EndpointRoute>(
  routes: readonly Route[],
  operations: { readonly [Line in Route as Line['key']]: OperationFor<Line['scope']> },
) {
  const handler = middy<HttpEvent, HttpResult>({ timeoutEarlyResponse })
    .use(requestContext())
    .use(securityResponse())
    .use(problemResponse())
    .use(tenantResolution({ routes }))
    .use(idempotency())
    .use(validation({ operations }))
    .handler((event) => validRequests.of(event).run(callers.of(event)));
  // The OpenAPI document is made from these schemas: nothing else says what a route takes.
  return Object.assign(handler, { operations });
}
