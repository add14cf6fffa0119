import middy from '@middy/core';
import type { Scope } from '#tenancy/credentials/api-keys.ts';
import { assertAccess } from '#tenancy/scope.ts';
import { callers, type EndpointRoute } from '../caller.ts';
import type { HttpEvent, HttpResult } from '../event.ts';
import { compression } from '../middlewares/compression.ts';
import { idempotency } from '../middlewares/idempotency.ts';
import { problemResponse, timeoutEarlyResponse } from '../middlewares/problem-response.ts';
import { requestContext } from '../middlewares/request-context.ts';
import { securityResponse } from '../middlewares/security-headers.ts';
import { tenantResolution } from '../middlewares/tenant-resolution.ts';
import { validation, validRequests } from '../middlewares/validation.ts';
import { isListOf, type OperationsOf } from '../operation.ts';

/**
 * The handler of one Lambda function for tenants: its routes, each with its operation, after the whole chain. The scope of a
 * route decides which credentials are let through.
 *
 * `operatorEndpoint()` and `publicEndpoint()` are files of their own: a function loads only the chain of its own callers.
 *
 * @example
 * export const handler = endpoint(routesOf('organization'), {
 *   'GET /v1/organization': operation({ handle: ({ tenant }) => getOrganization(tenant) }),
 * });
 */
export function endpoint<const Route extends EndpointRoute<Scope>>(
  routes: readonly Route[],
  operations: OperationsOf<Route>,
) {
  const handler = middy<HttpEvent, HttpResult>({ timeoutEarlyResponse })
    .use(requestContext())
    .use(compression({ mayCompress: isListOf(operations) }))
    .use(securityResponse())
    .use(problemResponse())
    .use(tenantResolution({ routes }))
    .use(idempotency())
    .use(validation({ operations, proveAccess: assertAccess }))
    .handler((event) => validRequests.of(event).run(callers.of(event)));
  // The OpenAPI document is made from these schemas: nothing else says what a route takes.
  return Object.assign(handler, { operations });
}
