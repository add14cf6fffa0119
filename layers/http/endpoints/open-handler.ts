import middy from '@middy/core';
import type { HttpEvent, HttpResult } from '../event.ts';
import { compression } from '../middlewares/compression.ts';
import { problemResponse } from '../middlewares/problem-response.ts';
import { requestContext } from '../middlewares/request-context.ts';
import { securityResponse } from '../middlewares/security-headers.ts';

/**
 * The handler of a function that reads only the route of a request: credentials do not matter, no input is checked, and it
 * reaches neither a tenant nor the database. So no answer has a secret, and each may be compressed.
 *
 * @example
 * export const handler = openHandler(() => {
 *   throw new NotFound('route of that method and path');
 * });
 */
export function openHandler(answer: (event: HttpEvent) => HttpResult) {
  return middy<HttpEvent, HttpResult>()
    .use(requestContext())
    .use(compression({ mayCompress: () => true }))
    .use(securityResponse())
    .use(problemResponse())
    .handler(answer);
}
