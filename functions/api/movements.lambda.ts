import * as z from 'zod';
import { routesOf } from '#functions/routes.ts';
import { endpoint } from '#http/endpoints/endpoint.ts';
import { operation } from '#http/operation.ts';
import { PageQuery, toList } from '#http/page.ts';
import { PostEntry, PostTransfer, postEntry, postTransfer } from '#ledger/entries.ts';
import { PostEntries, postEntries } from '#ledger/entry-batch.ts';
import { uuidPattern } from '#ledger/input.ts';
import { listMovements, MovementFilter } from '#ledger/movements.ts';

export const handler = endpoint(routesOf('movements'), {
  'POST /v1/movements': operation({
    body: PostEntry,
    handle: ({ tenant, body }) => postEntry(tenant, body),
    status: ({ dryRun }) => (dryRun ? 200 : 201),
  }),
  'GET /v1/movements': operation({
    query: z.strictObject({ ...PageQuery([uuidPattern, /^\d{1,9}$/]), ...MovementFilter.shape }),
    handle: async ({ tenant, query: { limit, cursor, ...filter } }) =>
      toList(await listMovements(tenant, filter, { limit, after: cursor })),
  }),
  'POST /v1/movements:batch': operation({
    body: PostEntries,
    handle: ({ tenant, body }) => postEntries(tenant, body),
  }),
  'POST /v1/transfers': operation({
    body: PostTransfer,
    handle: ({ tenant, body }) => postTransfer(tenant, body),
    status: ({ dryRun }) => (dryRun ? 200 : 201),
  }),
});
