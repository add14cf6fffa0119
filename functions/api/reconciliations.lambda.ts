import * as z from 'zod';
import { listRuns } from '#audit/reconciliation/runs/list-runs.ts';
import { routesOf } from '#functions/routes.ts';
import { endpoint } from '#http/endpoints/endpoint.ts';
import { operation } from '#http/operation.ts';
import { PageQuery, toList } from '#http/page.ts';
import { uuidPattern } from '#ledger/input.ts';

export const handler = endpoint(routesOf('reconciliations'), {
  'GET /v1/reconciliations': operation({
    query: z.strictObject(PageQuery([uuidPattern])),
    handle: async ({ tenant, query: { limit, cursor } }) =>
      toList(await listRuns(tenant, { limit, after: cursor })),
  }),
});
