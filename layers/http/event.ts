import type { APIGatewayEventRequestContextIAMAuthorizer, APIGatewayProxyEventV2 } from 'aws-lambda';

/** A request as API Gateway's HTTP API hands it to a function (payload format 2.0). */
export type HttpEvent = APIGatewayProxyEventV2;

/** The principal that API Gateway's IAM authorizer let through; undefined on a route that has none. */
export function principalArnOf(event: HttpEvent): string | undefined {
  const { authorizer } = event.requestContext as {
    readonly authorizer?: Partial<APIGatewayEventRequestContextIAMAuthorizer>;
  };
  return authorizer?.iam?.userArn;
}

/** An answer as API Gateway's HTTP API takes it from a function. */
export interface HttpResult {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/** The answer of an operation with a body. */
export function json(statusCode: number, body: unknown, contentType = 'application/json'): HttpResult {
  return {
    statusCode,
    headers: {
      'content-type': `${contentType}; charset=utf-8`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    body: JSON.stringify(body),
  };
}

/** The answer of an operation that has nothing to say. */
export function noContent(): HttpResult {
  return { statusCode: 204, headers: { 'cache-control': 'no-store' }, body: '' };
}
