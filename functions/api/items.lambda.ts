import * as z from 'zod';
import { routesOf } from '#functions/routes.ts';
import { endpoint } from '#http/endpoints/endpoint.ts';
import { operation } from '#http/operation.ts';
import { PageQuery, toList } from '#http/page.ts';
import { ExistingCode } from '#ledger/input.ts';
import { CreateItem, ItemFilter, items, PatchItem } from '#ledger/items.ts';

const path = z.object({ sku: ExistingCode });
const query = z.strictObject({ ...PageQuery([/./]), ...ItemFilter.shape });

export const handler = endpoint(routesOf('items'), {
  'POST /v1/items': operation({
    body: CreateItem,
    status: 201,
    handle: ({ tenant, body }) => items.create(tenant, body),
  }),
  'GET /v1/items': operation({
    query,
    handle: async ({ tenant, query: { limit, cursor, sku } }) =>
      toList(await items.list(tenant, sku, { limit, after: cursor })),
  }),
  'GET /v1/items/{sku}': operation({ path, handle: ({ tenant, path }) => items.get(tenant, path.sku) }),
  'PATCH /v1/items/{sku}': operation({
    path,
    body: PatchItem,
    handle: ({ tenant, path, body }) => items.update(tenant, path.sku, body),
  }),
  'DELETE /v1/items/{sku}': operation({ path, handle: ({ tenant, path }) => items.remove(tenant, path.sku) }),
});
