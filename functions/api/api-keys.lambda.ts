import * as z from 'zod';
import { routesOf } from '#functions/routes.ts';
import { endpoint } from '#http/endpoints/endpoint.ts';
import { operation } from '#http/operation.ts';
import { PageQuery, toList } from '#http/page.ts';
import { keyEnvironment } from '#platform/config.ts';
import { Instant } from '#platform/instant.ts';
import {
  CreateKey,
  createKey,
  KeyId,
  listKeys,
  RotateKey,
  revokeKey,
  rotateKey,
} from '#tenancy/credentials/key-store.ts';

const path = z.object({ id: KeyId });
/** An instant in the form of `createdAt`. */
const instant = {
  test: (part: string) => /\.\d{3}Z$/.test(part) && Instant.safeParse(part).success,
};

export const handler = endpoint(routesOf('api-keys'), {
  'POST /v1/api-keys': operation({
    body: CreateKey,
    status: 201,
    handle: ({ tenant, body }) => createKey(tenant, body, keyEnvironment()),
  }),
  'GET /v1/api-keys': operation({
    query: z.strictObject(PageQuery([instant, /^[0-9A-Za-z]{12}$/])),
    handle: async ({ tenant, query: { limit, cursor } }) =>
      toList(await listKeys(tenant, { limit, after: cursor })),
  }),
  'DELETE /v1/api-keys/{id}': operation({ path, handle: ({ tenant, path }) => revokeKey(tenant, path.id) }),
  'POST /v1/api-keys/{id}/rotation': operation({
    path,
    body: RotateKey,
    status: 201,
    handle: ({ tenant, path, body }) => rotateKey(tenant, path.id, body, keyEnvironment()),
  }),
});
