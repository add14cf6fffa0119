import * as z from 'zod';
import { routesOf } from '#functions/routes.ts';
import { endpoint } from '#http/endpoints/endpoint.ts';
import { operation } from '#http/operation.ts';
import { PageQuery, toList } from '#http/page.ts';
import { ExistingCode } from '#ledger/input.ts';
import { CreateLocation, LocationFilter, locations, PatchLocation } from '#ledger/locations.ts';

const path = z.object({ code: ExistingCode });
const query = z.strictObject({ ...PageQuery([/./]), ...LocationFilter.shape });

export const handler = endpoint(routesOf('locations'), {
  'POST /v1/locations': operation({
    body: CreateLocation,
    status: 201,
    handle: ({ tenant, body }) => locations.create(tenant, body),
  }),
  'GET /v1/locations': operation({
    query,
    handle: async ({ tenant, query: { limit, cursor, code } }) =>
      toList(await locations.list(tenant, code, { limit, after: cursor })),
  }),
  'GET /v1/locations/{code}': operation({
    path,
    handle: ({ tenant, path }) => locations.get(tenant, path.code),
  }),
  'PATCH /v1/locations/{code}': operation({
    path,
    body: PatchLocation,
    handle: ({ tenant, path, body }) => locations.update(tenant, path.code, body),
  }),
  'DELETE /v1/locations/{code}': operation({
    path,
    handle: ({ tenant, path }) => locations.remove(tenant, path.code),
  }),
});
