import { routesOf } from '#functions/routes.ts';
import { publicEndpoint } from '#http/endpoints/public-endpoint.ts';
import { publicOperation } from '#http/operation.ts';
import { assertReady } from '#platform/postgres/database.ts';

export const handler = publicEndpoint(routesOf('health'), {
  // Answers when the process runs.
  'GET /health': publicOperation({ handle: () => ({ status: 'ok' }) }),
  // Answers when the database can serve requests too.
  'GET /ready': publicOperation({
    handle: async () => {
      await assertReady();
      return { status: 'ready' };
    },
  }),
});
