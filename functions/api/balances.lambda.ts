import * as z from 'zod';
import { routesOf } from '#functions/routes.ts';
import { endpoint } from '#http/endpoints/endpoint.ts';
import { operation } from '#http/operation.ts';
import { PageQuery, toList } from '#http/page.ts';
import { AsOf, BalanceFilter, itemBalance, listBalances } from '#ledger/balances.ts';
import { ExistingCode } from '#ledger/input.ts';

export const handler = endpoint(routesOf('balances'), {
  'GET /v1/balances': operation({
    query: z.strictObject({ ...PageQuery([/./, /./, /^/]), ...BalanceFilter.shape, ...AsOf.shape }),
    handle: async ({ tenant, query: { limit, cursor, asOf, basis, ...filter } }) => {
      const { page, ...then } = await listBalances(tenant, filter, { asOf, basis }, { limit, after: cursor });
      return { ...toList(page), ...then };
    },
  }),
  'GET /v1/items/{sku}/balance': operation({
    path: z.object({ sku: ExistingCode }),
    query: z.strictObject(AsOf.shape),
    handle: ({ tenant, path, query }) => itemBalance(tenant, path.sku, query),
  }),
});
