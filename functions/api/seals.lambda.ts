import * as z from 'zod';
import { listSeals } from '#audit/seals/list-seals.ts';
import { movementProof } from '#audit/seals/proof.ts';
import { routesOf } from '#functions/routes.ts';
import { endpoint } from '#http/endpoints/endpoint.ts';
import { operation } from '#http/operation.ts';
import { PageQuery, toList } from '#http/page.ts';
import { MovementId } from '#ledger/input.ts';

export const handler = endpoint(routesOf('seals'), {
  'GET /v1/seals': operation({
    query: z.strictObject(PageQuery([/^\d{1,15}$/])),
    handle: async ({ tenant, query: { limit, cursor } }) =>
      toList(await listSeals(tenant, { limit, after: cursor })),
  }),
  'GET /v1/movements/{id}/proof': operation({
    path: z.object({ id: MovementId }),
    handle: ({ tenant, path }) => movementProof(tenant, path.id),
  }),
});
