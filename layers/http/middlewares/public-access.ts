import { callers } from '../caller.ts';
import type { HttpEvent, HttpMiddleware } from '../event.ts';

/**
 * Lets everybody through, and leaves that in `callers`. Nothing that the request presents is read.
 *
 * @example
 * middy().use(publicAccess()).handler((event) => callers.of(event)) // { kind: 'public' }
 */
export function publicAccess(): HttpMiddleware {
  function publicAccessBefore({ event }: { readonly event: HttpEvent }): void {
    callers.set(event, { kind: 'public' });
  }

  return { before: publicAccessBefore };
}
