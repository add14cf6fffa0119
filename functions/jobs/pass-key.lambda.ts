import * as z from 'zod';
import { passKey } from '#platform/config.ts';
import { installPassKey, retirePassKey } from '#tenancy/credentials/pass-keys.ts';

/** What CloudFormation asks of the resource `PassKey`: its physical id is the id of the key. Every property is text. */
const Request = z.discriminatedUnion('RequestType', [
  z.object({ RequestType: z.enum(['Create', 'Update']) }),
  z.object({
    RequestType: z.literal('Delete'),
    PhysicalResourceId: z.string(),
    ResourceProperties: z.object({ DrainSeconds: z.coerce.number() }),
  }),
]);

/**
 * Tells the database the pass key of this deploy. When a deploy changes it, the new id replaces the resource, and
 * CloudFormation asks to delete the old one last, after every function has changed.
 */
export async function handler(event: unknown): Promise<{ PhysicalResourceId: string }> {
  const request = Request.parse(event);
  if (request.RequestType === 'Delete') {
    const { PhysicalResourceId: id, ResourceProperties } = request;
    await retirePassKey(id, { drainMs: ResourceProperties.DrainSeconds * 1000 });
    return { PhysicalResourceId: id };
  }
  const key = passKey();
  await installPassKey(key);
  return { PhysicalResourceId: key.id };
}
