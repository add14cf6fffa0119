import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { type Deployed, migrateAtDeploy } from '#recovery/migrate-at-deploy.ts';

/** A request of CloudFormation; a person calls the function without one. */
const Request = z.object({ RequestType: z.enum(['Create', 'Update', 'Delete']).optional() });

/** Names the schema for CloudFormation: it is never replaced. */
const schema = { PhysicalResourceId: 'schema' };

/** Migrates the database at each deploy, before any function of the new release serves. */
export async function handler(event: unknown, context: Context): Promise<typeof schema & Partial<Deployed>> {
  const { RequestType } = Request.parse(event ?? {});
  // The database outlives the stack.
  if (RequestType === 'Delete') return schema;
  return {
    ...schema,
    ...(await migrateAtDeploy({ remainingMs: () => context.getRemainingTimeInMillis() })),
  };
}
