import { routesOf } from '#functions/routes.ts';
import { endpoint, operation } from '#http/endpoint.ts';
import { pingDatabase } from '#platform/postgres/database.ts';

export const handler = endpoint(routesOf('health'), {
  // The process answers: whether to send it traffic at all.
  'GET /health': operation({ handle: () => ({ status: 'ok' }) }),
  // Whether what it stands on answers too.
  'GET /ready': operation({
    handle: async () => {
      await pingDatabase();
      return { status: 'ready' };
    },
  }),
});
