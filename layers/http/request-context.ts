import type { MiddlewareObj } from '@middy/core';
import { log } from '#platform/log.ts';
import type { HttpEvent, HttpResult } from './event.ts';

/** What ties a log line to its request. A local platform serves many at once, so no logger can hold it. */
export function requestKeys(event: HttpEvent): { requestId: string; route: string } {
  return { requestId: event.requestContext.requestId, route: event.routeKey };
}

/**
 * Ties everything about one request together: its id is in every log line and in every answer, and one line says
 * how it ended.
 *
 * @example
 * middy().use(requestContext()).handler(…)
 */
export function requestContext(): MiddlewareObj<HttpEvent, HttpResult> {
  const startedAt = new WeakMap<HttpEvent, number>();

  function before({ event }: { event: HttpEvent }): void {
    startedAt.set(event, performance.now());
  }

  function finish({ event, response }: { event: HttpEvent; response: HttpResult | null | undefined }): void {
    if (!response) return;
    response.headers['x-request-id'] = event.requestContext.requestId;
    const durationMs = Math.round(performance.now() - (startedAt.get(event) ?? 0));
    log.info('answered', { ...requestKeys(event), status: response.statusCode, durationMs });
  }

  return { before, after: finish, onError: finish };
}
