import { log } from '#platform/log.ts';
import { type HttpEvent, type HttpMiddleware, type HttpResult, requestKeys } from '../event.ts';

export interface RequestContextOptions {
  /** Where the line about each request goes. */
  readonly log?: Pick<typeof log, 'info'>;
  /** A clock in milliseconds that never goes back. */
  readonly nowMs?: () => number;
}

const defaults = { log, nowMs: () => performance.now() } satisfies RequestContextOptions;

/**
 * Ties everything about one request together: every answer has its id as `x-request-id`, and one log line says how it
 * ended. It is the first of the chain, so it sees every answer last, errors too.
 *
 * @example
 * middy().use(requestContext()).use(problemResponse()).handler(…)
 */
export function requestContext(options: RequestContextOptions = {}): HttpMiddleware {
  const { log, nowMs } = { ...defaults, ...options };
  const startedAtMs = new WeakMap<HttpEvent, number>();

  function requestContextBefore({ event }: { readonly event: HttpEvent }): void {
    startedAtMs.set(event, nowMs());
  }

  function requestContextAfter({ event, response }: Answered): void {
    if (!response) return;
    response.headers['x-request-id'] = event.requestContext.requestId;
    const durationMs = Math.round(nowMs() - (startedAtMs.get(event) ?? 0));
    log.info('answered', { ...requestKeys(event), status: response.statusCode, durationMs });
  }

  return { before: requestContextBefore, after: requestContextAfter, onError: requestContextAfter };
}

interface Answered {
  readonly event: HttpEvent;
  readonly response: HttpResult | null | undefined;
}
