import { routesOf } from '#functions/routes.ts';
import { endpoint } from '#http/endpoint.ts';
import { publicOperation } from '#http/operation.ts';
import { pingDatabase } from '#platform/postgres/database.ts';

export const handler = endpoint(routesOf('health'), {
  // The process answers: whether to send it traffic at all.
  'GET /health': publicOperation({ handle: () => ({ status: 'ok' }) }),
  // Whether what it stands on answers too.
  'GET /ready': publicOperation({
    handle: async () => {
      await pingDatabase();
      return { status: 'ready' };
    },
  }),
});
