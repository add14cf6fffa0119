import * as z from 'zod';
import { routesOf } from '#functions/routes.ts';
import { endpoint } from '#http/endpoints/endpoint.ts';
import { operation } from '#http/operation.ts';
import { PageQuery, toList } from '#http/page.ts';
import { listMembers } from '#tenancy/users.ts';

export const handler = endpoint(routesOf('users'), {
  'GET /v1/users': operation({
    query: z.strictObject(PageQuery([/@/])),
    handle: async ({ tenant, query: { limit, cursor } }) =>
      toList(await listMembers(tenant, { limit, after: cursor })),
  }),
});
