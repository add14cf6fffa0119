import { AwsRefused } from '#platform/aws/call.ts';
import { counted } from '#platform/text/plural.ts';
import { ageOf, type RecoveryPolicy } from '../policy.ts';
import { deleteInstance, describeDrillInstances, drillPrefix, drillTag } from '../rds/rds.ts';
import { begunAt } from './begun.ts';

/**
 * Deletes leftover drill instances: those that have both the name and the tag of a drill and are older than allowed. It does
 * not read the drill records, so damaged records cannot stop it. Returns the names of the instances that it begins to delete.
 * @throws AggregateError after the others are deleted, with every instance that could not be deleted
 */
export async function sweepDrills(policy: RecoveryPolicy, now: Date = new Date()): Promise<string[]> {
  const swept: string[] = [];
  const refused: Error[] = [];
  for (const instance of await describeDrillInstances()) {
    const { DBInstanceIdentifier: name = '', DBInstanceStatus: status } = instance;
    const isOurs = name.startsWith(drillPrefix) && instance.TagList?.some(({ Key }) => Key === drillTag);
    const at = begunAt(instance);
    const ageMs = at && ageOf(at, now);
    const isOld = ageMs !== undefined && ageMs > policy.drillInstanceAgeMs.warn;
    if (!isOurs || !isOld || status === 'deleting') continue;
    try {
      await deleteInstance(name);
      swept.push(name);
    } catch (error) {
      // RDS is changing the instance: the next sweep deletes it.
      if (error instanceof AwsRefused && error.code.startsWith('InvalidDBInstanceState')) continue;
      refused.push(error as Error);
    }
  }
  if (refused.length === 0) return swept;
  const reasons = refused.map(({ message }) => message).join('\n');
  const others = swept.length > 0 ? `Deleted: ${swept.join(', ')}.` : 'No other instance was deleted.';
  throw new AggregateError(
    refused,
    `${counted(refused.length, 'drill instance')} could not be deleted:\n${reasons}\n${others}`,
  );
}
