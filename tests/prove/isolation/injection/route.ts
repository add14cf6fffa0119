import * as z from 'zod';
import type { Route } from '#functions/routes.ts';
import { endpoint } from '#http/endpoint.ts';
import { operation } from '#http/operation.ts';
import type { LambdaHandler } from '#scripts/local/gateway/server.ts';
import { inTenant, queryInTenant } from '#tenancy/scope.ts';

/**
 * Handlers as they must never be written: what the caller sends becomes part of the statement. Only a drill serves them.
 * They differ in what the statement then can be: without parameters the protocol takes several statements in one text, but
 * for the first of a transaction, which travels with what enters and can only be one.
 */
export const drillRoutes = [
  { method: 'POST', path: '/drill/several', entry: 'drill', scope: 'read' },
  { method: 'POST', path: '/drill/single', entry: 'drill', scope: 'read' },
] as const satisfies readonly Route[];

const body = z.object({ input: z.string() });

export const drillHandlers: Readonly<Record<string, LambdaHandler>> = {
  drill: endpoint(
    drillRoutes.map(({ method, path, scope }) => ({ key: `${method} ${path}` as const, scope })),
    {
      'POST /drill/several': operation({
        body,
        handle: async ({ tenant, body: { input } }) => ({
          found: await inTenant(tenant, 'write', async (tx) => {
            await tx.query('select');
            return await tx.query(`select i.sku from inventory.items i where i.sku = '${input}'`);
          }),
        }),
      }),
      'POST /drill/single': operation({
        body,
        handle: async ({ tenant, body: { input } }) => ({
          found: await queryInTenant(
            tenant,
            'write',
            `select i.sku from inventory.items i where i.name <> $1 and i.sku = '${input}'`,
            ['-'],
          ),
        }),
      }),
    },
  ) as LambdaHandler,
};
