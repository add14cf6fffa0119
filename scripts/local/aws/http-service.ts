import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { errorText } from '#platform/loggable.ts';
import { defaultLimits, serverOptions } from '../connection-limits.ts';
import { AwsError } from './aws-error.ts';
import { NoAnswer } from './faults.ts';
import type { SignableRequest } from './signature.ts';

/** One request to a service, its body not read yet. */
export interface AwsRequest extends SignableRequest {
  readonly id: string;
  readonly body: IncomingMessage;
}

export interface AwsResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** A stream must come with its `content-length`. */
  readonly body?: string | Uint8Array | Readable;
}

/** A service of AWS as far as HTTP goes. */
export interface AwsService {
  readonly name: string;
  answer(request: AwsRequest): Promise<AwsResponse>;
  /** Says a refusal in the format of the service. */
  refuse(error: AwsError, request: AwsRequest): AwsResponse;
}

export interface ServedService {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

/** The SDK keeps connections; one that closed between two requests would look like an outage. */
const keepAliveMs = 120_000;

/** A large object takes its time, and is on its way as long as bytes arrive. */
const limits = { ...defaultLimits, requestMs: 600_000 };

/** Serves a service on a free port of 127.0.0.1. */
export async function serveAws(service: AwsService): Promise<ServedService> {
  const options = { ...serverOptions(limits), keepAliveTimeout: keepAliveMs };
  const server = createServer(options, (incoming, outgoing) => {
    respond(service, incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(
  service: AwsService,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/', headers } = incoming;
  const [path = '/', ...query] = url.split('?');
  const request: AwsRequest = {
    id: randomUUID(),
    method,
    path,
    query: new URLSearchParams(query.join('?')),
    headers,
    body: incoming,
  };
  const response = await answer(service, request);
  // Answering over a body that is still being sent would break the connection before the answer is read.
  await finished(incoming.resume()).catch(() => {});
  const { status, headers: more, body = '' } = response;
  const streams = body instanceof Readable;
  const all = {
    'x-amz-request-id': request.id,
    'x-amz-id-2': randomBytes(24).toString('base64'),
    ...(streams || status === 204 ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...more,
  };
  outgoing.writeHead(
    status,
    Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
  );
  if (streams) await pipeline(body, outgoing);
  else outgoing.end(body);
}

async function answer(service: AwsService, request: AwsRequest): Promise<AwsResponse> {
  try {
    return await service.answer(request);
  } catch (error) {
    if (error instanceof AwsError) return service.refuse(error, request);
    const isClientGone = request.body.destroyed && !request.body.complete;
    if (error instanceof NoAnswer || isClientGone) throw error;
    console.error(`local ${service.name}: ${request.method} ${request.path}: ${errorText(error)}`);
    return service.refuse(
      new AwsError('InternalError', 500, 'We encountered an internal error. Please try again.'),
      request,
    );
  }
}
