import { routesOf } from '#functions/routes.ts';
import { endpoint } from '#http/endpoint.ts';
import { publicOperation } from '#http/operation.ts';
import { pingDatabase } from '#platform/postgres/database.ts';

export const handler = endpoint(routesOf('health'), {
  // Answers when the process runs.
  'GET /health': publicOperation({ handle: () => ({ status: 'ok' }) }),
  // Answers when the database does too.
  'GET /ready': publicOperation({
    handle: async () => {
      await pingDatabase();
      return { status: 'ready' };
    },
  }),
});
