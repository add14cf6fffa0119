import type { Server, ServerOptions } from 'node:http';

/** How long a server waits for a client that sends or reads slowly, and for how many at once. */
export interface ConnectionLimits {
  /** For the head of a request, from the connection on. */
  readonly headMs: number;
  /** For the whole request, its body included. */
  readonly requestMs: number;
  /** Without a byte in either direction: for a client that does not read its answer. */
  readonly silentMs: number;
  /** How often the first two are checked. */
  readonly checkEveryMs: number;
  /** Connections beyond these are closed at once. */
  readonly connections: number;
}

/** Longer than a function may take: while it runs, nothing is sent. */
const silentMs = 40_000;

export const defaultLimits: ConnectionLimits = {
  headMs: 10_000,
  requestMs: 30_000,
  silentMs,
  checkEveryMs: 1_000,
  connections: 2_000,
};

/** The options of a server that has these limits. Node answers a request that takes too long with 408. */
export function serverOptions({ headMs, requestMs, checkEveryMs }: ConnectionLimits): ServerOptions {
  return {
    headersTimeout: headMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: checkEveryMs,
  };
}

/** Sets the limits that are no options. */
export function limitConnections(server: Server, { silentMs, connections }: ConnectionLimits): void {
  server.setTimeout(silentMs);
  server.maxConnections = connections;
}
