import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach } from 'vitest';
import type { Route } from '#functions/routes.ts';
import {
  type Gateway,
  type GatewayOptions,
  type LambdaHandler,
  serveGateway,
} from '#scripts/local/gateway/server.ts';

/** One path with a parameter, and everything else. */
export const everything: Route[] = [
  { method: 'GET', path: '/items/{sku}', entry: 'echo', scope: 'none' },
  { method: 'ANY', path: '$default', entry: 'echo', scope: 'none' },
];

/** Answers with its event. */
export const echo: LambdaHandler = (event) => ({ event });

export interface Gateways {
  /** Starts a gateway in front of one function. */
  serve(handler?: LambdaHandler, options?: Partial<GatewayOptions>): Promise<Gateway>;
  /** A connection without anything sent. */
  raw(gateway: Gateway): Promise<Socket>;
  /** Sends bytes as they are and reads until the server closes. */
  speak(gateway: Gateway, ...parts: string[]): Promise<string>;
}

/** Gives the tests of a file gateways, which are closed after each test. Call it at the top of the file. */
export function openGateways(): Gateways {
  const open: Gateway[] = [];
  const sockets: Socket[] = [];

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(open.splice(0).map((gateway) => gateway.close(0)));
  });

  async function serve(
    handler: LambdaHandler = echo,
    options: Partial<GatewayOptions> = {},
  ): Promise<Gateway> {
    const gateway = await serveGateway({
      routes: everything,
      load: async () => handler,
      onError: () => {},
      ...options,
    });
    open.push(gateway);
    return gateway;
  }

  async function raw(gateway: Gateway): Promise<Socket> {
    const socket = connect(gateway.port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }

  async function speak(gateway: Gateway, ...parts: string[]): Promise<string> {
    const socket = await raw(gateway);
    for (const part of parts) socket.write(part);
    return text(socket);
  }

  return { serve, raw, speak };
}
