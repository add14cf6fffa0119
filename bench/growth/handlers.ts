import { routes } from '#functions/routes.ts';
import { newRequestId, toEvent } from '#scripts/local/gateway/event.ts';
import { parseTarget } from '#scripts/local/gateway/request-target.ts';
import { createRouter } from '#scripts/local/gateway/router.ts';
import { loadHandler } from '#scripts/local/lambda/handlers.ts';
import { invoke } from '#scripts/local/lambda/invoke.ts';
import type { ApiRequest } from './operations.ts';

const timeoutMs = 30_000;

/**
 * Calls the handlers with the events that the gateway would create, without HTTP between them: what a request costs is
 * measured, and not what Node takes to parse HTTP twice. The key is of the organization that asks.
 */
export function callHandlers(key: string): (request: ApiRequest) => Promise<void> {
  const router = createRouter(routes);
  return async ({ method, target: given, body }) => {
    const target = parseTarget(given);
    const match = target && router(method, target.routePath);
    if (!match) throw new Error(`${given} is no route`);
    const event = toEvent(
      {
        method,
        target,
        protocol: 'HTTP/1.1',
        rawHeaders: ['host', 'localhost', 'x-api-key', key, 'content-type', 'application/json'],
        body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
        sourceIp: '127.0.0.1',
        requestId: newRequestId(),
        receivedAt: new Date(),
      },
      match,
    );
    const handler = await loadHandler(match.route.entry);
    const answer = await invoke(handler, event, { functionName: match.route.entry, timeoutMs });
    const { statusCode, body: text } = answer as { statusCode: number; body: string };
    if (statusCode >= 300) throw new Error(`${given} was answered with ${statusCode}: ${text}`);
  };
}
