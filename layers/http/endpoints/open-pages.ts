import type { HttpEvent, HttpResult } from '../event.ts';
import { openHandler } from './open-handler.ts';

/** A page that is the same for every caller. */
export interface OpenPage {
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How long a browser may keep a page: it changes only with a deployment. */
const maxAgeSeconds = 300;

/**
 * The handler of a function whose routes answer pages that are the same for every caller. A page is made for the first request
 * that wants it, so that the start of the function does not wait for it.
 *
 * @example
 * export const handler = openPages(routesOf('docs'), { 'GET /docs': () => ({ contentType: 'text/html', body: … }) });
 */
export function openPages<const Key extends string>(
  routes: readonly { readonly key: Key; readonly scope: 'none' }[],
  pages: Readonly<Record<Key, () => OpenPage>>,
) {
  const answers = new Map<string, HttpResult>();

  function answer({ routeKey }: HttpEvent): HttpResult {
    const route = routes.find(({ key }) => key === routeKey);
    if (!route) throw new Error(`the route "${routeKey}" has no page: give openPages() one for every route`);
    const known = answers.get(routeKey) ?? answerOf(pages[route.key]());
    answers.set(routeKey, known);
    return { ...known, headers: { ...known.headers } };
  }

  return openHandler(answer);
}

function answerOf({ contentType, body, headers }: OpenPage): HttpResult {
  return {
    statusCode: 200,
    headers: {
      'content-type': `${contentType}; charset=utf-8`,
      'cache-control': `public, max-age=${maxAgeSeconds}`,
      ...headers,
    },
    body,
  };
}
