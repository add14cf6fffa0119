import middy from '@middy/core';
import * as z from 'zod';
import { baseDomain, keyEnvironment, operatorKey, tokenConfig } from '#platform/config.ts';
import { toProblem } from '#platform/postgres/sqlstate.ts';
import type { Scope } from '#tenancy/credentials/api-keys.ts';
import { type Operator, resolveOperator } from '#tenancy/credentials/operator.ts';
import { resolve } from '#tenancy/resolve.ts';
import { assertAccess } from '#tenancy/scope.ts';
import { reportMismatch } from '#tenancy/security-events.ts';
import type { Credentials, Tenant } from '#tenancy/tenant.ts';
import { isStorable, parseJsonBody } from './body.ts';
import { type HttpEvent, type HttpResult, json, noContent, principalArnOf } from './event.ts';
import { idempotencyOf } from './idempotency.ts';
import { problemResponse } from './problem.ts';
import { requestContext, requestKeys } from './request-context.ts';
import { validate } from './validate.ts';

/** A line of the route table, as far as an endpoint reads it. */
export interface EndpointRoute {
  readonly key: string;
  readonly scope: 'none' | 'operator' | Scope;
}

interface Schemas<Body extends z.ZodType, Query extends z.ZodType, Path extends z.ZodType> {
  /** Only a method that has a body names one. */
  readonly body?: Body;
  readonly query?: Query;
  readonly path?: Path;
}

type Status<Answer> = number | ((answer: Awaited<Answer>) => number);

interface Input<Body, Query, Path> {
  readonly body: Body;
  readonly query: Query;
  readonly path: Path;
}

/** How one route is answered: the schemas of what it takes, and the one call that does it, for `Caller`. */
interface OperationFor<Caller> {
  readonly schemas: Schemas<z.ZodType, z.ZodType, z.ZodType>;
  readonly status: Status<unknown>;
  readonly handle: (input: Input<unknown, unknown, unknown> & Caller) => unknown;
}

export type Operation = OperationFor<{ readonly tenant: Tenant }>;
export type OperatorOperation = OperationFor<{ readonly operator: Operator }>;

/** What an operation is written as: `Caller` is who it is handed. */
type Definition<
  Body extends z.ZodType,
  Query extends z.ZodType,
  Path extends z.ZodType,
  Answer,
  Caller,
> = Schemas<Body, Query, Path> & {
  /** 200 unless said otherwise. */
  readonly status?: Status<Answer>;
  readonly handle: (input: Input<z.infer<Body>, z.infer<Query>, z.infer<Path>> & Caller) => Answer;
};

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
>(definition: Definition<Body, Query, Path, Answer, { readonly tenant: Tenant }>): Operation {
  const { handle, status = 200, ...schemas } = definition;
  return { schemas, status, handle } as unknown as Operation;
}

/**
 * An operation of an operator, for a route with `scope: 'operator'`. It has no tenant, so no row of a ledger is within
 * its reach; `inAdmin` is its way to the database. Answers `undefined` for 204.
 */
export function operatorOperation<
  Body extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = typeof NoQuery,
  Path extends z.ZodType = typeof NoPath,
  Answer = unknown,
>(definition: Definition<Body, Query, Path, Answer, { readonly operator: Operator }>): OperatorOperation {
  const { handle, status = 200, ...schemas } = definition;
  return { schemas, status, handle } as unknown as OperatorOperation;
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
  operations: {
    readonly [Line in Route as Line['key']]: Line['scope'] extends 'operator' ? OperatorOperation : Operation;
  },
) {
  const scopes = new Map<string, EndpointRoute['scope']>(routes.map(({ key, scope }) => [key, scope]));

  async function answer(event: HttpEvent): Promise<HttpResult> {
    const scope = scopes.get(event.routeKey);
    const found = (operations as Readonly<Record<string, Operation | OperatorOperation>>)[event.routeKey];
    if (!scope || !found) throw new Error(`the route "${event.routeKey}" is not one of this function`);
    if (scope === 'none') return await run(event, found, {});
    if (scope === 'operator') return await run(event, found, { operator: operatorOf(event) });
    const credentials = await credentialsOf(event);
    try {
      return await runForTenant(event, found, { credentials, scope });
    } catch (error) {
      if (toProblem(error)?.code === 'organization_mismatch')
        await reportMismatch(credentials, requestKeys(event));
      throw error;
    }
  }

  const handler = middy<HttpEvent, HttpResult>().use(requestContext()).use(problemResponse()).handler(answer);
  // For whoever describes the API: what each route takes is said nowhere else.
  return Object.assign(handler, { operations });
}

function credentialsOf(event: HttpEvent): Promise<Credentials> {
  const { headers, requestContext } = event;
  return resolve(
    { headers, domainName: requestContext.domainName },
    { keyEnvironment: keyEnvironment(), baseDomain: baseDomain(), tokens: tokenConfig() },
  );
}

function operatorOf(event: HttpEvent): Operator {
  return resolveOperator({ headers: event.headers, principalArn: principalArnOf(event) }, operatorKey());
}

async function runForTenant(
  event: HttpEvent,
  found: Operation | OperatorOperation,
  caller: { readonly credentials: Credentials; readonly scope: Scope },
): Promise<HttpResult> {
  let replayed = false;
  const tenant = {
    ...caller,
    idempotency: await explained(caller, () => idempotencyOf(event, () => (replayed = true))),
  };
  const response = await run(event, found, { tenant });
  if (replayed) response.headers['idempotent-replayed'] = 'true';
  return response;
}

/** What an operation is handed beside its input. One without resolution gets nobody, whatever it was written to expect. */
interface Caller {
  readonly tenant?: Tenant;
  readonly operator?: Operator;
}

async function run(
  event: HttpEvent,
  { schemas, status, handle }: Operation | OperatorOperation,
  caller: Caller,
): Promise<HttpResult> {
  const input = await explained(caller.tenant, () => readInput(event, schemas));
  const result = await handle({ ...input, ...caller } as never);
  if (result === undefined) return noContent();
  return json(typeof status === 'function' ? status(result) : status, result);
}

/** Input that is wrong is only explained to callers who may ask: the others learn that they may not. */
async function explained<T>(tenant: Tenant | undefined, read: () => T): Promise<T> {
  try {
    return read();
  } catch (error) {
    if (tenant) await assertAccess(tenant);
    throw error;
  }
}

function readInput(event: HttpEvent, schemas: Operation['schemas']): Input<unknown, unknown, unknown> {
  const path = validate(Storable, event.pathParameters ?? {});
  const query = validate(Storable, event.queryStringParameters ?? {});
  return {
    path: validate(schemas.path ?? NoPath, path),
    query: validate(schemas.query ?? NoQuery, query),
    body: schemas.body && validate(schemas.body, readBody(event, schemas.body)),
  };
}

/** A body that may be left out is left out when nothing was sent. */
function readBody(event: HttpEvent, schema: z.ZodType): unknown {
  return !event.body && schema.isOptional() ? undefined : parseJsonBody(event);
}
