import { routesOf } from '#functions/routes.ts';
import { endpoint } from '#http/endpoints/endpoint.ts';
import { operation } from '#http/operation.ts';
import { getOrganization } from '#tenancy/organizations.ts';

export const handler = endpoint(routesOf('organization'), {
  'GET /v1/organization': operation({ handle: ({ tenant }) => getOrganization(tenant) }),
});
