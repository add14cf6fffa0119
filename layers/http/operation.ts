import * as z from 'zod';
import { parseJsonBody } from './body.ts';
import type {
  Caller,
  EndpointRoute,
  OperatorCaller,
  PublicCaller,
  RouteScope,
  TenantCaller,
} from './caller.ts';
import { type HttpEvent, type HttpResult, json, noContent } from './event.ts';
import { isStorable } from './storable.ts';
import { validate } from './validate.ts';

/** The schemas of what a route takes. Without a schema for it, a query is refused and a body is not read. */
export interface Schemas {
  /** Only a method that has a body names one. */
  readonly body?: z.ZodType;
  readonly query?: z.ZodType;
  readonly path?: z.ZodType;
}

/** The schema of each part that a route does not name. */
const unnamed: { readonly [Part in keyof Schemas]-?: z.ZodType } = {
  body: z.unknown(),
  query: z.strictObject({}),
  path: z.object({}),
};

/** Only the schemas of `Given`. It is a mapped type, because the compiler infers those also beside a function. */
type Known<Given extends Schemas> = Pick<Given, keyof Given & keyof Schemas>;

type Named<Given extends Schemas> = typeof unnamed & Known<Given>;

/** The parts of a request, as their schemas return them; `unknown` without a schema. */
export type Input<Given extends Schemas> = {
  readonly [Part in keyof Schemas]-?: z.output<Named<Given>[Part]>;
};

/** The status of a success, or how it follows from the answer. */
type Status<Answer> = number | ((answer: Awaited<Answer>) => number);

/** How an operation is written. `Handed` is what the caller adds to the input of `handle`. */
type Definition<Given extends Schemas, Handed, Answer> = Known<Given> & {
  /** 200 unless named. */
  readonly status?: Status<Answer>;
  readonly handle: (input: Input<Given> & Handed) => Answer;
};

/** A request that has passed validation and can run for its caller. */
export interface ValidRequest {
  run(caller: Caller): Promise<HttpResult>;
}

/** How one route is answered, for one kind of caller. */
export interface Operation<Kind extends Caller['kind'] = Caller['kind']> {
  readonly kind: Kind;
  readonly schemas: Schemas;
  /** The status of a success; undefined when it follows from the answer. */
  readonly status: number | undefined;
  /** Whether it answers pages of a list: those take a cursor. */
  readonly isList: boolean;
  /** @throws InvalidInput when a part of the request does not fit its schema */
  read(event: HttpEvent): ValidRequest;
}

/** The kind of operation that a route of a scope needs. */
export type OperationFor<Scope extends RouteScope> = Scope extends 'none'
  ? Operation<'public'>
  : Scope extends 'operator'
    ? Operation<'operator'>
    : Operation<'tenant'>;

/** The operations of an endpoint: one for each of its routes, with the kind of caller that its scope names. */
export type OperationsOf<Route extends EndpointRoute<RouteScope>> = {
  readonly [Line in Route as Line['key']]: OperationFor<Line['scope']>;
};

/** Tells the routes whose operation answers pages of a list. */
export function isListOf(operations: Readonly<Record<string, Operation>>): (routeKey: string) => boolean {
  const lists = new Set(Object.entries(operations).flatMap(([key, { isList }]) => (isList ? [key] : [])));
  return (routeKey) => lists.has(routeKey);
}

/**
 * An operation of one tenant, for a route with the scope `read`, `write` or `admin`. Answers `undefined` for 204.
 *
 * @example
 * operation({ path: z.object({ id: EntryId }), handle: ({ tenant, path }) => getEntry(tenant, path.id) })
 */
export function operation<Given extends Schemas, Answer>(
  definition: Definition<Given, Pick<TenantCaller, 'tenant'>, Answer>,
): Operation<'tenant'> {
  return define('tenant', definition, (caller) => {
    if (caller.kind !== 'tenant') throw new WrongCaller('tenant', caller);
    return { tenant: caller.tenant };
  });
}

/**
 * An operation of an operator, for a route with `scope: 'operator'`. It has no tenant, so it reaches no row of a ledger.
 * `inAdmin` is its way to the database. Answers `undefined` for 204.
 *
 * @example
 * operatorOperation({ path, handle: ({ path }) => inAdmin((admin) => resumeOrganization(admin, path.slug)) })
 */
export function operatorOperation<Given extends Schemas, Answer>(
  definition: Definition<Given, Pick<OperatorCaller, 'operator'>, Answer>,
): Operation<'operator'> {
  return define('operator', definition, (caller) => {
    if (caller.kind !== 'operator') throw new WrongCaller('operator', caller);
    return { operator: caller.operator };
  });
}

/**
 * An operation for anybody, for a route with `scope: 'none'`. It knows neither a tenant nor an operator. Answers
 * `undefined` for 204.
 *
 * @example
 * publicOperation({ handle: () => ({ status: 'ok' }) })
 */
export function publicOperation<Given extends Schemas, Answer>(
  definition: Definition<Given, Omit<PublicCaller, 'kind'>, Answer>,
): Operation<'public'> {
  return define('public', definition, (caller) => {
    if (caller.kind !== 'public') throw new WrongCaller('public', caller);
    return {};
  });
}

/** An operation got a caller of another kind: the scope of its route is not the one it was written for. */
export class WrongCaller extends Error {
  override readonly name = 'WrongCaller';

  constructor(expected: Caller['kind'], { kind }: Caller) {
    super(
      `an operation of kind "${expected}" was called for a caller of kind "${kind}": compare the route's scope`,
    );
  }
}

function define<Kind extends Caller['kind'], Given extends Schemas, Handed extends object, Answer>(
  kind: Kind,
  definition: Definition<Given, Handed, Answer>,
  handedTo: (caller: Caller) => Handed,
): Operation<Kind> {
  const { body, query, path, status = 200, handle } = definition;
  return {
    kind,
    schemas: { body, query, path },
    status: typeof status === 'number' ? status : undefined,
    isList: query instanceof z.ZodObject && 'cursor' in query.shape,
    read(event) {
      const input = readInput<Given>(event, { ...unnamed, ...definition });
      return {
        async run(caller) {
          const answer = await handle({ ...input, ...handedTo(caller) });
          if (answer === undefined) return noContent();
          return json(typeof status === 'function' ? status(answer) : status, answer);
        },
      };
    },
  };
}

/** Percent-decoding may yield what no column can hold. */
const Storable = z.record(
  z.string(),
  z.string().refine(isStorable, 'must not contain NUL or half a surrogate pair'),
);

function readInput<Given extends Schemas>(event: HttpEvent, schemas: Named<Given>): Input<Given> {
  const path = event.pathParameters ?? {};
  const query = event.queryStringParameters ?? {};
  // Only checked: a record that zod returns lacks the key `__proto__`, which must be refused like every unknown field.
  for (const part of [path, query]) validate(Storable, part);
  return {
    path: validate(schemas.path, path),
    query: validate(schemas.query, query),
    body: validate(schemas.body, schemas.body === unnamed.body ? undefined : readBody(event, schemas.body)),
  };
}

/** A body that may be left out is left out when nothing was sent. */
function readBody(event: HttpEvent, schema: z.ZodType): unknown {
  return !event.body && schema.isOptional() ? undefined : parseJsonBody(event);
}
