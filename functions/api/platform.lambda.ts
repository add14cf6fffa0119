import * as z from 'zod';
import { routesOf } from '#functions/routes.ts';
import { operatorEndpoint } from '#http/endpoints/operator-endpoint.ts';
import { operatorOperation } from '#http/operation.ts';
import { PageQuery, toList } from '#http/page.ts';
import { keyEnvironment } from '#platform/config.ts';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { latestChecks } from '#recovery/monitor/latest-checks.ts';
import { inAdmin } from '#tenancy/admin.ts';
import { slugsLike } from '#tenancy/look-alikes.ts';
import {
  CreateOrganization,
  createOrganization,
  pageOrganizations,
  Slug,
  slugPattern,
} from '#tenancy/organizations.ts';
import { resumeOrganization, Suspend, suspendOrganization } from '#tenancy/suspension.ts';

const path = z.object({ slug: Slug });

export const handler = operatorEndpoint(routesOf('platform'), {
  'POST /platform/organizations': operatorOperation({
    body: CreateOrganization,
    status: 201,
    handle: ({ body }) =>
      inAdmin(async (admin) => {
        const looksLike = await slugsLike(admin, body.slug);
        return { ...(await createOrganization(admin, body, keyEnvironment())), looksLike };
      }),
  }),
  'GET /platform/organizations': operatorOperation({
    query: z.strictObject(PageQuery([slugPattern])),
    handle: async ({ query: { limit, cursor } }) =>
      toList(await inAdmin((admin) => pageOrganizations(admin, { limit, after: cursor }))),
  }),
  'POST /platform/organizations/{slug}/suspend': operatorOperation({
    path,
    body: Suspend,
    handle: ({ path, body }) =>
      inAdmin((admin) => inTransaction(admin, () => suspendOrganization(admin, path.slug, body.reason))),
  }),
  'POST /platform/organizations/{slug}/resume': operatorOperation({
    path,
    handle: ({ path }) =>
      inAdmin((admin) => inTransaction(admin, () => resumeOrganization(admin, path.slug))),
  }),
  'GET /platform/backups': operatorOperation({
    handle: async () => toList({ rows: await inAdmin((admin) => latestChecks(admin)), next: undefined }),
  }),
});
