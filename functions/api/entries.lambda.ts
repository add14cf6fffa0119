import * as z from 'zod';
import { routesOf } from '#functions/routes.ts';
import { endpoint } from '#http/endpoints/endpoint.ts';
import { operation } from '#http/operation.ts';
import { getEntry, ReverseEntry, reverseEntry } from '#ledger/entries.ts';
import { EntryId } from '#ledger/input.ts';

const path = z.object({ id: EntryId });

export const handler = endpoint(routesOf('entries'), {
  'GET /v1/entries/{id}': operation({ path, handle: ({ tenant, path }) => getEntry(tenant, path.id) }),
  'POST /v1/entries/{id}/reversal': operation({
    path,
    body: ReverseEntry,
    status: 201,
    handle: ({ tenant, path, body }) => reverseEntry(tenant, path.id, body),
  }),
});
