import middy from '@middy/core';
import * as z from 'zod';
import { keyEnvironment } from '#platform/config.ts';
import type { Scope } from '#tenancy/api-keys.ts';
import { resolve } from '#tenancy/resolve.ts';
import { assertAccess, type Tenant } from '#tenancy/scope.ts';
import { isStorable, parseJsonBody } from './body.ts';
import { type HttpEvent, type HttpResult, json, noContent } from './event.ts';
import { idempotencyOf } from './idempotency.ts';
import { problemResponse } from './problem.ts';
import { requestContext } from './request-context.ts';
import { validate } from './validate.ts';

/** A line of the route table, as far as an endpoint reads it. */
export interface EndpointRoute {
  readonly key: string;
  readonly scope: 'none' | Scope;
}

interface Schemas<Body extends z.ZodType, Query extends z.ZodType, Path extends z.ZodType> {
  /** Only a method that has a body names one. */
  readonly body?: Body;
  readonly query?: Query;
  readonly path?: Path;
  /** 200 unless said otherwise. */
  readonly status?: number | ((answer: never) => number);
}

interface Input<Body, Query, Path> {
  readonly body: Body;
  readonly query: Query;
  readonly path: Path;
}

/** How one route is answered: the schemas of what it takes, and the one call that does it. */
export interface Operation {
  readonly schemas: Schemas<z.ZodType, z.ZodType, z.ZodType>;
  readonly handle: (input: Input<never, never, never> & { tenant: Tenant }) => unknown;
}

const NoQuery = z.strictObject({});
const NoPath = z.object({});
/** Percent-decoding may yield what no column can hold. */
const Storable = z.record(
  z.string(),
  z.string().refine(isStorable, 'must not contain NUL or half a surrogate pair'),
);

/** An operation of one tenant. Answers `undefined` for 204. */
export function operation<
  Body extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = typeof NoQuery,
  Path extends z.ZodType = typeof NoPath,
  Answer = unknown,
>(
  definition: Omit<Schemas<Body, Query, Path>, 'status'> & {
    readonly status?: number | ((answer: Awaited<Answer>) => number);
    readonly handle: (
      input: Input<z.infer<Body>, z.infer<Query>, z.infer<Path>> & { readonly tenant: Tenant },
    ) => Answer;
  },
): Operation {
  const { handle, ...schemas } = definition;
  return { schemas, handle } as Operation;
}

/**
 * The handler of one Lambda function: its routes, each with its operation, behind the whole chain — request id, errors
 * as problems, tenant resolution, validation. Nothing of a tenant is reached without resolution: a route without
 * one has `scope: 'none'` in the route table.
 *
 * @example
 * export const handler = endpoint(routesOf('organization'), {
 *   'GET /v1/organization': operation({ handle: ({ tenant }) => getOrganization(tenant) }),
 * });
 */
export function endpoint<const Route extends EndpointRoute>(
  routes: readonly Route[],
  operations: Readonly<Record<Route['key'], Operation>>,
) {
  const scopes = new Map<string, EndpointRoute['scope']>(routes.map(({ key, scope }) => [key, scope]));

  async function answer(event: HttpEvent): Promise<HttpResult> {
    const scope = scopes.get(event.routeKey);
    const found = (operations as Readonly<Record<string, Operation>>)[event.routeKey];
    if (!scope || !found) throw new Error(`the route "${event.routeKey}" is not one of this function`);
    let replayed = false;
    // An operation without resolution is never handed a tenant, whatever it was written to expect.
    const tenant = scope === 'none' ? undefined : resolveTenant(event, scope, () => (replayed = true));

    const input = await readInput(event, found, tenant);
    const result = await found.handle({ ...input, tenant } as never);
    const { status = 200 } = found.schemas;
    const response =
      result === undefined
        ? noContent()
        : json(typeof status === 'function' ? status(result as never) : status, result);
    if (replayed) response.headers['idempotent-replayed'] = 'true';
    return response;
  }

  return middy<HttpEvent, HttpResult>().use(requestContext()).use(problemResponse()).handler(answer);
}

function resolveTenant(event: HttpEvent, scope: Scope, onReplay: () => void): Tenant {
  const credentials = resolve({ headers: event.headers }, keyEnvironment());
  return { credentials, scope, idempotency: idempotencyOf(event, onReplay) };
}

/** Input that is wrong is only explained to callers who may ask: the others learn that they may not. */
async function readInput(event: HttpEvent, { schemas }: Operation, tenant: Tenant | undefined) {
  try {
    const path = validate(Storable, event.pathParameters ?? {});
    const query = validate(Storable, event.queryStringParameters ?? {});
    return {
      path: validate(schemas.path ?? NoPath, path),
      query: validate(schemas.query ?? NoQuery, query),
      body: schemas.body && validate(schemas.body, parseJsonBody(event)),
    };
  } catch (error) {
    if (tenant) await assertAccess(tenant);
    throw error;
  }
}
