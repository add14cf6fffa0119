import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayEventRequestContextV2, APIGatewayProxyEventV2WithRequestContext } from 'aws-lambda';

/** A request as API Gateway's HTTP API hands it to a function (payload format 2.0). */
export type HttpEvent = APIGatewayProxyEventV2WithRequestContext<
  APIGatewayEventRequestContextV2 & {
    /** The result of an authorizer. Most routes have none, and only the result of IAM is read. */
    readonly authorizer?: { readonly iam?: { readonly userArn?: string } };
  }
>;

/** The principal that API Gateway's IAM authorizer let through; undefined on a route that has none. */
export function principalArnOf(event: HttpEvent): string | undefined {
  return event.requestContext.authorizer?.iam?.userArn;
}

/** What ties a log line to its request. A local platform serves many requests at once, so no logger can hold it. */
export interface RequestKeys {
  readonly requestId: string;
  readonly route: string;
}

export function requestKeys(event: HttpEvent): RequestKeys {
  return { requestId: event.requestContext.requestId, route: event.routeKey };
}

/** A middleware of the chain of every endpoint. */
export type HttpMiddleware = MiddlewareObj<HttpEvent, HttpResult>;

/** An answer as API Gateway's HTTP API takes it from a function. */
export interface HttpResult {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
  /** Whether the body is bytes, in base64. */
  isBase64Encoded?: boolean;
}

/** The answer of an operation with a body. */
export function json(statusCode: number, body: unknown, contentType = 'application/json'): HttpResult {
  return {
    statusCode,
    headers: { 'content-type': `${contentType}; charset=utf-8` },
    body: JSON.stringify(body),
  };
}

/** The answer of an operation without a body. */
export function noContent(): HttpResult {
  return { statusCode: 204, headers: {}, body: '' };
}
