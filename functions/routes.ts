/**
 * The route table: which method and path reaches which Lambda function, and the scope a caller needs.
 * Pure data with four readers: the CDK stack, the local gateway, the OpenAPI document and the tests.
 *
 * With `scope: 'none'` nobody is resolved. With `scope: 'operator'` (`/platform/*`) an operator is: by IAM on AWS, by the
 * operator key on a local platform. With any other scope a tenant is.
 * `$default` answers every path that has no route of its own, as API Gateway's `$default` route does.
 */
export const routes = [
  { method: 'GET', path: '/health', entry: 'health', scope: 'none' },
  { method: 'GET', path: '/ready', entry: 'health', scope: 'none' },
  { method: 'GET', path: '/openapi.json', entry: 'docs', scope: 'none' },
  { method: 'GET', path: '/docs', entry: 'docs', scope: 'none' },

  { method: 'POST', path: '/v1/items', entry: 'items', scope: 'write' },
  { method: 'GET', path: '/v1/items', entry: 'items', scope: 'read' },
  { method: 'GET', path: '/v1/items/{sku}', entry: 'items', scope: 'read' },
  { method: 'PATCH', path: '/v1/items/{sku}', entry: 'items', scope: 'write' },
  { method: 'DELETE', path: '/v1/items/{sku}', entry: 'items', scope: 'write' },
  { method: 'GET', path: '/v1/items/{sku}/balance', entry: 'balances', scope: 'read' },
  { method: 'GET', path: '/v1/balances', entry: 'balances', scope: 'read' },

  { method: 'POST', path: '/v1/locations', entry: 'locations', scope: 'write' },
  { method: 'GET', path: '/v1/locations', entry: 'locations', scope: 'read' },
  { method: 'GET', path: '/v1/locations/{code}', entry: 'locations', scope: 'read' },
  { method: 'PATCH', path: '/v1/locations/{code}', entry: 'locations', scope: 'write' },
  { method: 'DELETE', path: '/v1/locations/{code}', entry: 'locations', scope: 'write' },

  { method: 'POST', path: '/v1/movements', entry: 'movements', scope: 'write' },
  { method: 'GET', path: '/v1/movements', entry: 'movements', scope: 'read' },
  { method: 'POST', path: '/v1/movements:batch', entry: 'movements', scope: 'write' },
  { method: 'POST', path: '/v1/transfers', entry: 'movements', scope: 'write' },
  { method: 'GET', path: '/v1/entries/{id}', entry: 'entries', scope: 'read' },
  { method: 'POST', path: '/v1/entries/{id}/reversal', entry: 'entries', scope: 'write' },

  { method: 'POST', path: '/v1/reservations', entry: 'reservations', scope: 'write' },
  { method: 'GET', path: '/v1/reservations', entry: 'reservations', scope: 'read' },
  { method: 'GET', path: '/v1/reservations/{id}', entry: 'reservations', scope: 'read' },
  { method: 'PATCH', path: '/v1/reservations/{id}', entry: 'reservations', scope: 'write' },
  { method: 'POST', path: '/v1/reservations/{id}/commit', entry: 'reservations', scope: 'write' },
  { method: 'POST', path: '/v1/reservations/{id}/release', entry: 'reservations', scope: 'write' },

  { method: 'GET', path: '/v1/reconciliations', entry: 'reconciliations', scope: 'read' },
  { method: 'GET', path: '/v1/seals', entry: 'seals', scope: 'read' },
  { method: 'GET', path: '/v1/movements/{id}/proof', entry: 'seals', scope: 'read' },

  { method: 'GET', path: '/v1/organization', entry: 'organization', scope: 'read' },
  { method: 'POST', path: '/v1/api-keys', entry: 'api-keys', scope: 'admin' },
  { method: 'GET', path: '/v1/api-keys', entry: 'api-keys', scope: 'admin' },
  { method: 'DELETE', path: '/v1/api-keys/{id}', entry: 'api-keys', scope: 'admin' },
  { method: 'POST', path: '/v1/api-keys/{id}/rotation', entry: 'api-keys', scope: 'admin' },
  { method: 'GET', path: '/v1/users', entry: 'users', scope: 'admin' },

  { method: 'POST', path: '/platform/organizations', entry: 'platform', scope: 'operator' },
  { method: 'GET', path: '/platform/organizations', entry: 'platform', scope: 'operator' },
  { method: 'POST', path: '/platform/organizations/{slug}/suspend', entry: 'platform', scope: 'operator' },
  { method: 'POST', path: '/platform/organizations/{slug}/resume', entry: 'platform', scope: 'operator' },
  { method: 'GET', path: '/platform/backups', entry: 'platform', scope: 'operator' },
  { method: 'GET', path: '/platform/drills', entry: 'drills', scope: 'operator' },

  { method: 'ANY', path: '$default', entry: 'fallback', scope: 'none' },
] as const satisfies readonly Route[];

/** One line of the route table. `entry` names the file `functions/api/<entry>.lambda.ts`. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'ANY';
  readonly path: `/${string}` | '$default';
  readonly entry: string;
  readonly scope: 'none' | 'read' | 'write' | 'admin' | 'operator';
}

/** API Gateway's own name for a route: `GET /v1/items/{sku}`, or `$default`. */
export type RouteKey = `${string} ${string}` | '$default';

/** The route key of a line of the table, as API Gateway puts it into every event. */
export function routeKey(route: Route): RouteKey {
  return route.path === '$default' ? '$default' : `${route.method} ${route.path}`;
}

type Key<Line extends Route> = Line extends { path: '$default' }
  ? '$default'
  : `${Line['method']} ${Line['path']}`;

/** A route as the endpoint of its function reads it; key and scope belong together. */
type Served<Line extends Route> = Line extends Route
  ? { readonly key: Key<Line>; readonly scope: Line['scope'] }
  : never;

/** The routes of one function, by their keys. */
export function routesOf<Entry extends (typeof routes)[number]['entry']>(entry: Entry) {
  const served = routes
    .filter((route) => route.entry === entry)
    .map((route) => ({ key: routeKey(route), scope: route.scope }));
  // A key and its scope stay paired, so that an endpoint can ask for the right kind of operation.
  return served as readonly { key: string }[] as readonly Served<
    Extract<(typeof routes)[number], { entry: Entry }>
  >[];
}
