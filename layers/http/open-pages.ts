import middy from '@middy/core';
import type { HttpEvent, HttpResult } from './event.ts';
import { problemResponse } from './middlewares/problem-response.ts';
import { requestContext } from './middlewares/request-context.ts';

/** A page that is the same for everybody. */
export interface OpenPage {
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How long a page may be shown without asking again: it changes with a deployment. */
const maxAgeSeconds = 300;

/**
 * The handler of a function whose routes answer pages that are the same for everybody: nothing of the request is read
 * but its route, so no credential matters, and neither a tenant nor the database is within reach.
 *
 * @example
 * export const handler = openPages(routesOf('docs'), { 'GET /docs': { contentType: 'text/html', body: … } });
 */
export function openPages<const Key extends string>(
  routes: readonly { readonly key: Key; readonly scope: 'none' }[],
  pages: Readonly<Record<Key, OpenPage>>,
) {
  async function answer(event: HttpEvent): Promise<HttpResult> {
    const route = routes.find(({ key }) => key === event.routeKey);
    if (!route) throw new Error(`the route "${event.routeKey}" is not one of this function`);
    const { contentType, body, headers } = pages[route.key];
    return {
      statusCode: 200,
      headers: {
        'content-type': `${contentType}; charset=utf-8`,
        'cache-control': `public, max-age=${maxAgeSeconds}`,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        ...headers,
      },
      body,
    };
  }

  return middy<HttpEvent, HttpResult>().use(requestContext()).use(problemResponse()).handler(answer);
}
