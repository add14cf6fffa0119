import middy from '@middy/core';
import type { HttpEvent, HttpResult } from './event.ts';
import { problemResponse } from './middlewares/problem-response.ts';
import { requestContext } from './middlewares/request-context.ts';
import { securityResponse } from './middlewares/security-headers.ts';

/** A page that is the same for every caller. */
export interface OpenPage {
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How long a browser may keep a page: it changes only with a deployment. */
const maxAgeSeconds = 300;

/**
 * The handler of a function whose routes answer pages that are the same for every caller. It reads only the route of the
 * request: credentials do not matter, and it reaches neither a tenant nor the database.
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
    if (!route)
      throw new Error(`the route "${event.routeKey}" has no page: give openPages() one for every route`);
    const { contentType, body, headers } = pages[route.key];
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

  return middy<HttpEvent, HttpResult>()
    .use(requestContext())
    .use(securityResponse())
    .use(problemResponse())
    .handler(answer);
}
