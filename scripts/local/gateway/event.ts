import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { parseQuery, type RequestTarget } from './request-target.ts';
import type { Match } from './router.ts';

/** What the gateway read from the wire. */
export interface HttpRequest {
  readonly method: string;
  readonly target: RequestTarget;
  /** `HTTP/1.1` */
  readonly protocol: string;
  /** Names and values in turn, as Node gives them: nothing merged, nothing dropped. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** The peer of the socket. A forwarded header never changes it. */
  readonly sourceIp: string;
  readonly requestId: string;
  readonly receivedAt: Date;
}

/** Headers that speak about one connection end at the gateway. */
const hopByHop = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The media types whose body a function gets as text, as observed on the live service; the documentation only says
 * "binary". Everything else is base64, also forms and a body without a content type.
 */
const textTypes = /^(?:text\/.*|application\/(?:json|xml|javascript))$/;

/** Builds the event of a Lambda proxy integration, payload format 2.0. Fields without content are absent. */
export function toEvent(request: HttpRequest, match: Match): APIGatewayProxyEventV2 {
  const { target, receivedAt } = request;
  const { headers, cookies } = splitHeaders(request);
  const query = combine(parseQuery(target.rawQueryString));
  const domainName = hostName(headers.host ?? 'localhost');
  return {
    version: '2.0',
    routeKey: match.routeKey,
    rawPath: target.rawPath,
    rawQueryString: target.rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers,
    ...(Object.keys(query).length > 0 && { queryStringParameters: query }),
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName,
      domainPrefix: domainName.split('.')[0] ?? domainName,
      http: {
        method: request.method,
        path: target.rawPath,
        protocol: request.protocol,
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: request.requestId,
      routeKey: match.routeKey,
      stage: '$default',
      time: logTime(receivedAt),
      timeEpoch: receivedAt.getTime(),
    },
    ...(match.pathParameters && { pathParameters: match.pathParameters }),
    ...bodyOf(request.body, headers['content-type']),
  };
}

/** An id in API Gateway's form: sixteen characters, such as `ATfSmjLgPHcESJw=`. */
export function newRequestId(): string {
  return Buffer.from(randomHex().slice(-22), 'hex').toString('base64');
}

/** Random digits of a UUID: Node makes those in advance, and single bytes one call at a time. */
function randomHex(): string {
  return randomUUID().replaceAll('-', '');
}

function splitHeaders(request: HttpRequest): { headers: Record<string, string>; cookies: string[] } {
  const pairs: [string, string][] = [];
  const cookies: string[] = [];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = (request.rawHeaders[index] ?? '').toLowerCase();
    const value = request.rawHeaders[index + 1] ?? '';
    if (name === 'cookie') cookies.push(...value.split(';').map((cookie) => cookie.trim()));
    else if (!hopByHop.has(name)) pairs.push([name, value]);
  }
  const headers = combine(pairs);
  headers['content-length'] = String(request.body.length);
  headers['x-forwarded-for'] = [headers['x-forwarded-for'], request.sourceIp].filter(Boolean).join(', ');
  headers['x-forwarded-proto'] = 'http';
  headers['x-amzn-trace-id'] ??= traceId(request.receivedAt);
  return { headers, cookies: cookies.filter((cookie) => cookie !== '') };
}

/** Several values of one name are joined by a comma, without a blank. A name such as `__proto__` is only a name. */
function combine(pairs: readonly [string, string][]): Record<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of pairs) {
    const earlier = values.get(name);
    values.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return Object.fromEntries(values);
}

function bodyOf(body: Buffer, contentType: string | undefined): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  const mediaType = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  // Bytes that are not UTF-8 would not survive becoming a string, whatever they call themselves.
  const isText = textTypes.test(mediaType) && isUtf8(body);
  return { body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText };
}

function hostName(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

function traceId(at: Date): string {
  const seconds = Math.floor(at.getTime() / 1000).toString(16);
  return `Root=1-${seconds}-${randomHex().slice(-24)}`;
}

/** `10/Jul/2026:19:19:05 +0000` */
function logTime(at: Date): string {
  const [, day, month, year, time] = at.toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
