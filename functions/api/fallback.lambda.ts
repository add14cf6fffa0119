import * as z from 'zod';
import { routesOf } from '#functions/routes.ts';
import { endpoint } from '#http/endpoint.ts';
import { publicOperation } from '#http/operation.ts';
import { NotFound } from '#platform/errors.ts';

export const handler = endpoint(routesOf('fallback'), {
  $default: publicOperation({
    query: z.record(z.string(), z.string()),
    handle: () => {
      throw new NotFound('route of that method and path');
    },
  }),
});
