import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defaultLimits, serverOptions } from '../connection-limits.ts';
import {
  createSigningKey,
  publicPart,
  type SigningKey,
  signToken,
  type TokenRequest,
} from './signing-key.ts';

/** An OpenID provider as far as Stockade sees one: it signs tokens and publishes its keys. */
export interface Issuer {
  /** Where its keys are: `http://127.0.0.1:<port>/.well-known/jwks.json`. */
  readonly jwksUri: string;
  /** How often the keys were asked for. */
  readonly keyRequests: () => number;
  issueToken(request: TokenRequest): Promise<string>;
  /** Signs with a new key from here on; the keys before it stay published. */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

/** Starts an issuer on a free port of 127.0.0.1. It publishes keys and issues nothing over the network. */
export async function startIssuer(first: SigningKey): Promise<Issuer> {
  const keys: [SigningKey, ...SigningKey[]] = [first];
  let keyRequests = 0;
  const server = createServer(serverOptions(defaultLimits), (request, response) => {
    if (request.method !== 'GET' || request.url !== '/.well-known/jwks.json') {
      response.writeHead(404).end();
      return;
    }
    keyRequests += 1;
    response.writeHead(200, { 'content-type': 'application/jwk-set+json', 'cache-control': 'max-age=600' });
    response.end(JSON.stringify({ keys: keys.map(publicPart) }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    jwksUri: `http://127.0.0.1:${port}/.well-known/jwks.json`,
    keyRequests: () => keyRequests,
    issueToken: (request) => signToken(keys[0], request),
    async rotate() {
      keys.unshift(await createSigningKey());
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
