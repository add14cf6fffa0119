import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { job } from '#platform/job.ts';
import { allowSwitch } from '#portability/moving-in/before-switch.ts';
import { lastOf } from '#portability/moving-in/steps.ts';
import { refuseUndecided } from '#portability/moving-in/undecided.ts';
import { type Deployed, migrateAtDeploy } from '#recovery/migrate-at-deploy.ts';

/** A request of CloudFormation; a person calls the function without one. */
const Request = z.object({ RequestType: z.enum(['Create', 'Update', 'Delete']).optional() });

/** Names the schema for CloudFormation: it is never replaced. */
const schema = { PhysicalResourceId: 'schema' };

/** Migrates the database at each deploy, before any function of the new release serves. */
export const handler = job(
  async (event: unknown, context: Context): Promise<typeof schema & Partial<Deployed>> => {
    const { RequestType } = Request.parse(event ?? {});
    // The database outlives the stack.
    if (RequestType === 'Delete') return schema;
    return {
      ...schema,
      ...(await migrateAtDeploy({
        remainingMs: () => context.getRemainingTimeInMillis(),
        move: { refuseUndecided, allowSwitch, switchName: lastOf.switch },
      })),
    };
  },
);
