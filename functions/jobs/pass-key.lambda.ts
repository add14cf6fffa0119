import * as z from 'zod';
import { passKey } from '#platform/config.ts';
import { job } from '#platform/job.ts';
import { installPassKey, retirePassKey } from '#tenancy/credentials/pass-keys.ts';

/** A request of CloudFormation for the resource `PassKey`. The physical id is the id of the key; properties are text. */
const Request = z.discriminatedUnion('RequestType', [
  z.object({ RequestType: z.enum(['Create', 'Update']) }),
  z.object({
    RequestType: z.literal('Delete'),
    PhysicalResourceId: z.string(),
    ResourceProperties: z.object({ DrainSeconds: z.coerce.number() }),
  }),
]);

/**
 * Installs the pass key of this deploy in the database. When a deploy changes the key, its new id replaces the resource:
 * CloudFormation deletes the old one last, after it has updated every function.
 */
export const handler = job(async (event: unknown): Promise<{ PhysicalResourceId: string }> => {
  const request = Request.parse(event);
  if (request.RequestType === 'Delete') {
    const { PhysicalResourceId: id, ResourceProperties } = request;
    await retirePassKey(id, { drainMs: ResourceProperties.DrainSeconds * 1000 });
    return { PhysicalResourceId: id };
  }
  const key = passKey();
  await installPassKey(key);
  return { PhysicalResourceId: key.id };
});
