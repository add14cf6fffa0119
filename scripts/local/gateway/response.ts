import { validateHeaderName, validateHeaderValue } from 'node:http';
import { securityHeaders } from '#http/middlewares/security-headers.ts';

/** An answer, ready for the wire. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

/** Lambda's limit for what a function may return to a synchronous call, as JSON. */
const maxResultBytes = 6_291_556;

/** The connection is the gateway's business, whatever a function says about it. */
const ownHeaders = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'trailer',
]);

/** What a function returned cannot be answered; API Gateway turns that into a plain 500. */
export class MalformedResult extends Error {
  override readonly name = 'MalformedResult';
}

/**
 * Turns what a function returned into an answer, as an HTTP API does with payload format 2.0: an object with a
 * `statusCode` is a response; anything else is the body of a 200 — a string as it is, everything else as JSON.
 * The result crosses a process boundary as JSON on AWS, so it does here.
 * @throws MalformedResult for what JSON cannot express, for fields of the wrong type and for too large a result
 */
export function toResponse(result: unknown): HttpResponse {
  const wire = toJson(result);
  if (Buffer.byteLength(wire) > maxResultBytes) {
    throw new MalformedResult(
      `the function returned ${Buffer.byteLength(wire)} bytes: Lambda passes on at most ${maxResultBytes}`,
    );
  }
  const value: unknown = JSON.parse(wire);
  if (typeof value === 'object' && value !== null && 'statusCode' in value) return explicit(value);
  const body = typeof value === 'string' ? value : wire;
  return { status: 200, headers: [['content-type', 'application/json']], body: Buffer.from(body) };
}

/**
 * A short JSON answer of the gateway itself, in API Gateway's own words. API Gateway cannot be given headers for it; here
 * it has those of every answer.
 */
export function gatewayMessage(status: number, message: string): HttpResponse {
  return {
    status,
    headers: [['content-type', 'application/json'], ...Object.entries(securityHeaders)],
    body: Buffer.from(JSON.stringify({ message })),
  };
}

function toJson(result: unknown): string {
  try {
    return JSON.stringify(result) ?? 'null';
  } catch (cause) {
    throw new MalformedResult(`the function returned what JSON cannot express: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function explicit(value: object): HttpResponse {
  const { statusCode, headers, cookies, body, isBase64Encoded } = value as Record<string, unknown>;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new MalformedResult(
      `the statusCode is ${JSON.stringify(statusCode)}: return an integer from 200 to 599`,
    );
  }
  if (body !== undefined && body !== null && typeof body !== 'string') {
    throw new MalformedResult(`the body is of type ${typeof body}: return a string`);
  }
  const bytes = Buffer.from(body ?? '', isBase64Encoded === true ? 'base64' : 'utf8');
  const lines = [...cookieLines(cookies), ...headerLines(headers)];
  if (bytes.length > 0 && !lines.some(([name]) => name === 'content-type')) {
    lines.push(['content-type', 'text/plain; charset=utf-8']);
  }
  return { status, headers: lines, body: bytes };
}

/** Each cookie becomes a header of its own, before any `set-cookie` among the headers. */
function cookieLines(cookies: unknown): [string, string][] {
  if (cookies === undefined || cookies === null) return [];
  if (!Array.isArray(cookies)) throw new MalformedResult('the cookies are not an array of strings');
  return cookies.map((cookie) => headerLine('set-cookie', cookie));
}

function headerLines(headers: unknown): [string, string][] {
  if (headers === undefined || headers === null) return [];
  if (typeof headers !== 'object' || Array.isArray(headers))
    throw new MalformedResult('the headers are not an object');
  return Object.entries(headers)
    .map(([name, value]) => headerLine(name.toLowerCase(), value))
    .filter(([name]) => !ownHeaders.has(name));
}

function headerLine(name: string, value: unknown): [string, string] {
  if (!['string', 'number', 'boolean'].includes(typeof value)) {
    throw new MalformedResult(`the header ${name} is ${JSON.stringify(value)}: return a string`);
  }
  try {
    validateHeaderName(name);
    validateHeaderValue(name, String(value));
  } catch (cause) {
    throw new MalformedResult(`the header ${name} cannot be sent: ${(cause as Error).message}`, { cause });
  }
  return [name, String(value)];
}
