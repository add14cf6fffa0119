import * as z from 'zod';
import type { Route } from '#functions/routes.ts';
import { endpoint } from '#http/endpoints/endpoint.ts';
import { operation } from '#http/operation.ts';
import type { LambdaHandler } from '#scripts/local/gateway/server.ts';
import { inTenant, queryInTenant } from '#tenancy/scope.ts';

/** The items of the organization, into whose conditions the input goes. */
const skus = `select i.sku
  from (select item ->> 'sku' as sku, item ->> 'name' as name from inventory.list_items(200, null, null) as item) as i`;

/**
 * Handlers that must never be written: the input becomes part of the statement. Only the injection proof serves them.
 * `several` has no parameters, so the protocol accepts several statements in one text. It sends another statement before,
 * because the first one of a transaction travels together with the entering and must be single.
 */
export const injectionRoutes = [
  { method: 'POST', path: '/injection/several', entry: 'injection', scope: 'read' },
  { method: 'POST', path: '/injection/single', entry: 'injection', scope: 'read' },
] as const satisfies readonly Route[];

const body = z.object({ input: z.string() });

export const injectionHandlers: Readonly<Record<string, LambdaHandler>> = {
  injection: endpoint(
    injectionRoutes.map(({ method, path, scope }) => ({ key: `${method} ${path}` as const, scope })),
    {
      'POST /injection/several': operation({
        body,
        handle: async ({ tenant, body: { input } }) => ({
          found: await inTenant(tenant, 'write', async (tx) => {
            await tx.query('select');
            return await tx.query(`${skus} where i.sku = '${input}'`);
          }),
        }),
      }),
      'POST /injection/single': operation({
        body,
        handle: async ({ tenant, body: { input } }) => ({
          found: await queryInTenant(tenant, 'write', `${skus} where i.name <> $1 and i.sku = '${input}'`, [
            '-',
          ]),
        }),
      }),
    },
  ) as LambdaHandler,
};
