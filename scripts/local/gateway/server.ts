import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Route } from '#functions/routes.ts';
import { securityHeaders } from '#http/middlewares/security-headers.ts';
import { errorText } from '#platform/loggable.ts';
import {
  type ConnectionLimits,
  defaultLimits,
  limitConnections,
  serverOptions,
} from '../connection-limits.ts';
import { InvocationTimeout, invoke, type LambdaHandler } from '../lambda/invoke.ts';
import { announcesTooMuch, maxEventBytes, readBody } from './body.ts';
import { newRequestId, toEvent } from './event.ts';
import { parseTarget } from './request-target.ts';
import { gatewayMessage, type HttpResponse, toResponse } from './response.ts';
import { createRouter, type Router } from './router.ts';

export type { LambdaHandler } from '../lambda/invoke.ts';

/** How one request was answered. */
export interface AccessLogLine {
  readonly requestId: string;
  readonly receivedAt: Date;
  readonly sourceIp: string;
  readonly method: string;
  /** As it was sent, with its query string. */
  readonly path: string;
  /** Absent when no route was chosen. */
  readonly routeKey: string | undefined;
  readonly status: number;
  readonly durationMs: number;
  readonly responseBytes: number;
}

export interface GatewayOptions {
  readonly routes: readonly Route[];
  /** Gives the handler of a function by its entry in the route table; asked for every request. */
  readonly load: (entry: string) => Promise<LambdaHandler>;
  /** A free port when absent or 0. */
  readonly port?: number | undefined;
  readonly host?: string;
  /** How long a function may take: API Gateway waits no longer than 30 seconds. */
  readonly timeoutMs?: number;
  /** How long clients may take, and how many there may be. */
  readonly limits?: Partial<ConnectionLimits>;
  readonly onRequest?: (line: AccessLogLine) => void;
  /** Told why a request was answered with 500 or 503; written to stderr when absent. */
  readonly onError?: (error: unknown, request: { readonly method: string; readonly path: string }) => void;
}

export interface Gateway {
  readonly url: string;
  readonly port: number;
  /**
   * Takes no new requests, lets those under way finish within `graceMs` (10 seconds), and closes every connection.
   * May be called twice.
   */
  close(graceMs?: number): Promise<void>;
}

/** An HTTP API refuses a request line and header values of more bytes than this together. */
const maxHeadBytes = 10_240;
/** How long a client may keep a connection without a request. */
const keepAliveMs = 65_000;
/** How long the rest of a refused body is read and dropped, so that the refusal reaches the client. */
const drainMs = 5_000;

/**
 * Serves the route table over HTTP as an API Gateway HTTP API in front of Lambda functions: events in payload format
 * 2.0, the limits of both services, their answers when a function fails.
 * @throws when the port is taken
 */
export async function serveGateway(options: GatewayOptions): Promise<Gateway> {
  const { host = '127.0.0.1', port = 0, timeoutMs = 30_000, onError = printError } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const router = createRouter(options.routes);
  const connections = new Map<Socket, number>(); // socket -> requests under way
  let closing: Promise<void> | undefined;

  const server = createServer({
    ...serverOptions(limits),
    maxHeaderSize: 65_536,
    keepAliveTimeout: keepAliveMs,
  });
  limitConnections(server, limits);
  server.on('connection', (socket) => {
    connections.set(socket, 0);
    socket.once('close', () => connections.delete(socket));
  });
  const serve = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { socket } = incoming;
    connections.set(socket, (connections.get(socket) ?? 0) + 1);
    outgoing.once('close', () => {
      if (!connections.has(socket)) return;
      connections.set(socket, (connections.get(socket) ?? 1) - 1);
      if (closing) socket.destroySoon();
    });
    exchange(incoming, outgoing).catch((error) => {
      onError(error, { method: incoming.method ?? '', path: incoming.url ?? '' });
      socket.destroy();
    });
  };
  server.on('request', serve);
  server.on('checkContinue', (incoming, outgoing) => {
    if (!announcesTooMuch(incoming)) outgoing.writeContinue();
    serve(incoming, outgoing);
  });

  async function exchange(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const startedMs = performance.now();
    const call: Call = {
      incoming,
      requestId: newRequestId(),
      receivedAt: new Date(),
      sourceIp: (incoming.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
      method: incoming.method ?? '',
      path: incoming.url ?? '',
    };
    const answered = await answer(call, { router, load: options.load, timeoutMs, onError });
    if (!answered) return; // the client went away before it had sent everything
    const { response, routeKey } = answered;
    send(outgoing, call, response, closing !== undefined);
    options.onRequest?.({
      requestId: call.requestId,
      receivedAt: call.receivedAt,
      sourceIp: call.sourceIp,
      method: call.method,
      path: call.path,
      routeKey,
      status: response.status,
      durationMs: Math.round(performance.now() - startedMs),
      responseBytes: response.body.length,
    });
  }

  server.listen(port, host);
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new Error(`port ${port} on ${host} is taken by another program: choose another port, or none`, {
      cause: error,
    });
  });
  const address = server.address();
  const listening = typeof address === 'object' && address ? address.port : port;

  async function shutDown(graceMs: number): Promise<void> {
    const closed = once(server, 'close');
    // The HTTP server's own close() also cuts off answers that were ended but not yet sent.
    NetServer.prototype.close.call(server);
    for (const [socket, underWay] of connections) if (underWay === 0) socket.destroy();
    const timer = setTimeout(() => {
      for (const socket of connections.keys()) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(timer);
    server.close(); // has no connections left to cut off, only its timer
  }

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${listening}`,
    port: listening,
    close: (graceMs = 10_000) => {
      closing ??= shutDown(graceMs);
      return closing;
    },
  };
}

interface Call {
  readonly incoming: IncomingMessage;
  readonly requestId: string;
  readonly receivedAt: Date;
  readonly sourceIp: string;
  readonly method: string;
  readonly path: string;
}

interface Services {
  readonly router: Router;
  readonly load: GatewayOptions['load'];
  readonly timeoutMs: number;
  readonly onError: NonNullable<GatewayOptions['onError']>;
}

interface Answered {
  readonly response: HttpResponse;
  readonly routeKey?: string;
}

async function answer(call: Call, services: Services): Promise<Answered | undefined> {
  const { incoming, method, path } = call;
  if (headBytes(incoming) > maxHeadBytes)
    return { response: gatewayMessage(431, 'Request Header Fields Too Large') };
  const target = parseTarget(path);
  if (!target) return { response: gatewayMessage(400, 'Bad Request') };
  const match = services.router(method, target.routePath);
  if (!match) return { response: gatewayMessage(404, 'Not Found') };
  const { routeKey, route } = match;

  const read = await readBody(incoming);
  if (read === 'aborted') return undefined;
  if (read === 'too large') return { routeKey, response: payloadTooLarge(call.requestId) };
  const { rawHeaders } = incoming;
  const request = { ...call, target, protocol: `HTTP/${incoming.httpVersion}`, rawHeaders, body: read.body };
  const wire = JSON.stringify(toEvent(request, match));
  if (Buffer.byteLength(wire) > maxEventBytes) return { routeKey, response: payloadTooLarge(call.requestId) };

  try {
    const handler = await services.load(route.entry);
    return {
      routeKey,
      response: toResponse(
        await invoke(handler, JSON.parse(wire), {
          functionName: route.entry,
          timeoutMs: services.timeoutMs,
        }),
      ),
    };
  } catch (error) {
    services.onError(error, { method, path });
    const timedOut = error instanceof InvocationTimeout;
    return {
      routeKey,
      response: timedOut
        ? gatewayMessage(503, 'Service Unavailable')
        : gatewayMessage(500, 'Internal Server Error'),
    };
  }
}

function headBytes({ method = '', url = '', httpVersion, rawHeaders }: IncomingMessage): number {
  const values = rawHeaders.filter((_, index) => index % 2 === 1);
  return [`${method} ${url} HTTP/${httpVersion}`, ...values].reduce((sum, text) => sum + text.length, 0);
}

function payloadTooLarge(requestId: string): HttpResponse {
  const body = {
    type: 'about:blank',
    title: 'Payload Too Large',
    status: 413,
    code: 'payload_too_large',
    detail:
      `The request is larger than the ${maxEventBytes} bytes a function can be given, ` +
      'headers and encoding included: send less at a time.',
    requestId,
  };
  return {
    status: 413,
    headers: [
      ['content-type', 'application/problem+json'],
      ['x-request-id', requestId],
      ...Object.entries(securityHeaders),
    ],
    body: Buffer.from(JSON.stringify(body)),
  };
}

function send(
  outgoing: ServerResponse,
  call: Call,
  { status, headers, body }: HttpResponse,
  last: boolean,
): void {
  if (outgoing.destroyed) return;
  const isUnread = !call.incoming.complete;
  const lines = [...headers.flat(), 'apigw-requestid', call.requestId];
  if (status !== 204 && status !== 304) lines.push('content-length', String(body.length));
  if (last || isUnread) lines.push('connection', 'close');
  outgoing.writeHead(status, lines);
  if (!isUnread) {
    outgoing.end(body);
    return;
  }
  // Closing on a client that is still sending would destroy the answer before it is read.
  outgoing.write(body);
  const finish = () => outgoing.end();
  const timer = setTimeout(finish, drainMs);
  outgoing.once('close', () => clearTimeout(timer));
  call.incoming.once('end', finish).once('close', finish).resume();
}

function printError(error: unknown, { method, path }: { method: string; path: string }): void {
  console.error(`${method} ${path}: ${errorText(error)}`);
}
