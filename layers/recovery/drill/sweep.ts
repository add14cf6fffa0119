import { AwsRefused } from '#platform/aws-call.ts';
import { ageOf, type RecoveryPolicy } from '../policy.ts';
import { deleteInstance, describeDrillInstances, drillPrefix, drillTag } from '../rds/rds.ts';
import { begunAt } from './begun.ts';

/**
 * Deletes what drills have left behind: every instance that has both the name and the tag of a drill and is older than
 * one may get. It asks nobody what became of the drill, so that nothing that is wrong with drills keeps it from it.
 * Answers the names of those it has begun to delete.
 * @throws AggregateError with all that could not be deleted, when the others are
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
      // It is being changed at this moment: the next sweep finds it.
      if (error instanceof AwsRefused && error.code.startsWith('InvalidDBInstanceState')) continue;
      refused.push(error as Error);
    }
  }
  if (refused.length === 0) return swept;
  const told = refused.map(({ message }) => message).join('\n');
  const others = swept.length > 0 ? `Swept were ${swept.join(', ')}.` : 'No other was swept.';
  throw new AggregateError(
    refused,
    `${refused.length} instances of drills could not be deleted:\n${told}\n${others}`,
  );
}
