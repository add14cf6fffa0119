import * as z from 'zod';
import { routesOf } from '#functions/routes.ts';
import { operatorEndpoint } from '#http/endpoints/operator-endpoint.ts';
import { operatorOperation } from '#http/operation.ts';
import { PageQuery, toList } from '#http/page.ts';
import { listDrills, trendOfDrills } from '#recovery/drill/list-drills.ts';

export const handler = operatorEndpoint(routesOf('drills'), {
  'GET /platform/drills': operatorOperation({
    query: z.strictObject(PageQuery([/^\d{6,12}$/])),
    handle: async ({ query: { limit, cursor } }) => {
      const trend = await trendOfDrills();
      const drills = await listDrills({ limit, after: cursor });
      return {
        ...toList(drills),
        unreadable: drills.unreadable,
        trend: trend
          ? {
              promisedSeconds: trend.promisedMs / 1000,
              perWeekSeconds: trend.perWeekMs / 1000,
              brokenInWeekOf: trend.brokenInWeekOf?.toISOString().slice(0, 10) ?? null,
            }
          : null,
      };
    },
  }),
});
