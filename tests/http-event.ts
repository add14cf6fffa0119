import { randomUUID } from 'node:crypto';
import type { HttpEvent } from '#http/event.ts';

/** What a test says of a request. Header names are lower case, as API Gateway makes them. */
export interface SampleRequest {
  readonly method?: string;
  readonly path?: string;
  /** The key of the route; the method and the path when absent. */
  readonly routeKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: string | undefined;
  readonly isBase64Encoded?: boolean;
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly requestId?: string;
  readonly authorizer?: HttpEvent['requestContext']['authorizer'];
}

/** An event as API Gateway makes it of a request, for tests that call a handler or a middleware by itself. */
export function httpEvent({
  method = 'GET',
  path = '/x',
  routeKey = `${method} ${path}`,
  headers = {},
  query = '',
  body,
  isBase64Encoded = false,
  pathParameters,
  queryStringParameters,
  requestId = randomUUID(),
  authorizer,
}: SampleRequest = {}): HttpEvent {
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: query,
    headers: { ...headers },
    ...(pathParameters && { pathParameters: { ...pathParameters } }),
    ...(queryStringParameters && { queryStringParameters: { ...queryStringParameters } }),
    requestContext: {
      accountId: '000000000000',
      apiId: 'test',
      domainName: 'api.example.com',
      domainPrefix: 'api',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      requestId,
      routeKey,
      stage: '$default',
      time: '01/Jan/2026:00:00:00 +0000',
      timeEpoch: 1_767_225_600_000,
      ...(authorizer && { authorizer }),
    },
    body,
    isBase64Encoded,
  };
}
