import document from '#functions/openapi.json' with { type: 'json' };
import { routesOf } from '#functions/routes.ts';
import { openPages } from '#http/endpoints/open-pages.ts';
import { docsPage } from '#http/openapi/docs-page.ts';

export const handler = openPages(routesOf('docs'), {
  'GET /openapi.json': () => ({ contentType: 'application/json', body: JSON.stringify(document) }),
  'GET /docs': () => docsPage(document),
});
