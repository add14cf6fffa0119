import { STATUS_CODES } from 'node:http';
import type * as z from 'zod';
import type { Documentation, RouteDocumentation } from './documentation.ts';
import { parametersOf, sharedHeaders, sharedParameters } from './parameters.ts';
import { ProblemBook, problemSchema } from './problems.ts';
import { openSchemaBook, type SchemaBook } from './schemas.ts';

/** A line of the route table, as far as the document reads it. */
export interface DocumentedRoute {
  readonly method: string;
  readonly path: string;
  readonly entry: string;
  readonly scope: string;
}

/** How a route is answered, as far as the document reads it. */
export interface DocumentedOperation {
  readonly schemas: {
    readonly body?: z.ZodType | undefined;
    readonly query?: z.ZodType | undefined;
    readonly path?: z.ZodType | undefined;
  };
  /** The status of a success; undefined when it follows from the answer. */
  readonly status?: unknown;
  /** Whether it answers pages of a list. */
  readonly isList?: boolean;
}

export type OpenApiDocument = Readonly<Record<string, unknown>>;

/** A route, its operation and its documentation do not agree. */
export class IncompleteDocumentation extends Error {
  override readonly name = 'IncompleteDocumentation';
}

/**
 * Builds the OpenAPI 3.1 document. Paths, scopes and methods come from the route table, the input of each route from the
 * schemas that check it, and everything else from the documentation. `operations` has the operation of each route, by
 * route key.
 * @throws IncompleteDocumentation with the route that is not documented, or the documentation that has no route
 */
export function buildDocument(
  routes: readonly DocumentedRoute[],
  operations: ReadonlyMap<string, DocumentedOperation>,
  documentation: Documentation,
): OpenApiDocument {
  const documented = routes.filter(({ path }) => path !== '$default');
  refuseStrays(documented, documentation);
  const book = openSchemaBook(documentation.vocabulary);
  const refusals = new ProblemBook();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of documented) {
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: operationObject(route, operations, documentation, { book, refusals }),
    };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: documentation.title,
      version: documentation.version,
      description: documentation.description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'Where this document was read.' }],
    tags: Object.entries(documentation.tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes,
      parameters: sharedParameters,
      headers: sharedHeaders,
      responses: sortedByName(refusals.components),
      schemas: { Problem: problemSchema, ...sortedByName(book.components) },
    },
  };
}

const securitySchemes = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description:
      'An API key (`sk_…`), or a JWT of the identity provider. The names after a scheme are the scopes a route needs.',
  },
  apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'An API key (`sk_…`).' },
  iam: {
    type: 'apiKey',
    in: 'header',
    name: 'authorization',
    description:
      'For operators: the request signed with AWS credentials (Signature Version 4) that may invoke the API.',
    'x-amazon-apigateway-authtype': 'awsSigv4',
  },
  operatorKey: {
    type: 'apiKey',
    in: 'header',
    name: 'x-operator-key',
    description: 'For operators of a local platform, which has no IAM.',
  },
} as const;

function operationObject(
  route: DocumentedRoute,
  operations: ReadonlyMap<string, DocumentedOperation>,
  { routes, tags }: Documentation,
  { book, refusals }: { readonly book: SchemaBook; readonly refusals: ProblemBook },
): unknown {
  const key = keyOf(route);
  const described = routes[key];
  if (!described)
    throw new IncompleteDocumentation(`${key} is not documented: describe it under its route key`);
  if (!(route.entry in tags))
    throw new IncompleteDocumentation(
      `${key} belongs to "${route.entry}", which is no tag: describe it there`,
    );
  const operation = operations.get(key) ?? { schemas: {}, status: 200 };
  const { body, query, path } = operation.schemas;
  const isTenants = route.scope !== 'none' && route.scope !== 'operator';
  const takesIdempotencyKey = isTenants && route.method === 'POST';

  const parameters = [
    ...(path ? parametersOf('path', book.read(path, 'input'), described.example?.path) : []),
    ...(query ? parametersOf('query', book.read(query, 'input'), described.example?.query) : []),
    ...(isTenants ? [{ $ref: '#/components/parameters/Organization' }] : []),
    ...(takesIdempotencyKey ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
  ];
  return {
    operationId: described.id,
    tags: [route.entry],
    summary: described.summary,
    ...(described.description && { description: described.description }),
    security: securityOf(route.scope),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: !body.isOptional(),
        content: {
          'application/json': {
            schema: book.read(body, 'input'),
            ...(described.example?.body !== undefined && { example: described.example.body }),
          },
        },
      },
    }),
    responses: {
      ...successes(key, operation, described, takesIdempotencyKey, book),
      ...refusals.read(
        {
          scope: route.scope,
          takesInput: parameters.length > 0 || body !== undefined,
          takesBody: body !== undefined,
          takesIdempotencyKey,
          writes: route.scope !== 'none' && route.method !== 'GET',
          namesInPath: path !== undefined,
        },
        described.problems ?? [],
      ),
    },
  };
}

/** One of them is enough. The scope stands where OpenAPI 3.1 puts the roles that a caller needs. */
function securityOf(scope: string): unknown[] {
  if (scope === 'none') return [];
  if (scope === 'operator') return [{ iam: [] }, { operatorKey: [] }];
  return [{ bearer: [scope] }, { apiKey: [scope] }];
}

function successes(
  key: string,
  { status }: DocumentedOperation,
  { answer, statuses, example }: RouteDocumentation,
  canBeReplayed: boolean,
  book: SchemaBook,
): Record<string, unknown> {
  const headers = {
    'x-request-id': { $ref: '#/components/headers/RequestId' },
    ...(canBeReplayed && { 'idempotent-replayed': { $ref: '#/components/headers/IdempotentReplayed' } }),
  };
  if (answer === undefined) return { 204: { description: 'Done.', headers } };
  const possible = statuses ?? (typeof status === 'number' ? [status] : undefined);
  if (!possible)
    throw new IncompleteDocumentation(
      `the status of ${key} follows from its answer: document its "statuses"`,
    );
  const content =
    answer === 'text/html'
      ? { 'text/html': { schema: { type: 'string' } } }
      : {
          'application/json': {
            schema: book.read(answer, 'output'),
            ...(example?.answer !== undefined && { example: example.answer }),
          },
        };
  return Object.fromEntries(
    possible.map((each) => [
      String(each),
      { description: STATUS_CODES[each] ?? 'Success', headers, content },
    ]),
  );
}

function refuseStrays(routes: readonly DocumentedRoute[], documentation: Documentation): void {
  const keys = new Set(routes.map(keyOf));
  const entries = new Set(routes.map(({ entry }) => entry));
  const strays = [
    ...Object.keys(documentation.routes).filter((key) => !keys.has(key)),
    ...Object.keys(documentation.tags).filter((tag) => !entries.has(tag)),
  ];
  if (strays.length > 0)
    throw new IncompleteDocumentation(`${strays.join(', ')}: documented, but not in the route table`);
}

function keyOf({ method, path }: DocumentedRoute): string {
  return `${method} ${path}`;
}

function sortedByName<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
