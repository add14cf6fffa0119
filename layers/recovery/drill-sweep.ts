import { AwsRefused } from '#platform/aws-call.ts';
import type { RecoveryPolicy } from './policy.ts';
import { deleteInstance, describeDrillInstances, drillPrefix, drillTag } from './rds.ts';

/**
 * Deletes what drills have left behind: every instance that has both the name and the tag of a drill and is older than
 * one may get. It asks nobody what became of the drill, so that nothing that is wrong with drills keeps it from it.
 * Answers the names of those it has begun to delete.
 */
export async function sweepDrills(policy: RecoveryPolicy, now: Date = new Date()): Promise<string[]> {
  const swept: string[] = [];
  for (const instance of await describeDrillInstances()) {
    const {
      DBInstanceIdentifier: name = '',
      DBInstanceStatus: status,
      InstanceCreateTime: createdAt,
    } = instance;
    const isOurs = name.startsWith(drillPrefix) && instance.TagList?.some(({ Key }) => Key === drillTag);
    const isOld = createdAt && now.getTime() - createdAt.getTime() > policy.drillInstanceAgeMs.warn;
    if (!isOurs || !isOld || status === 'deleting') continue;
    try {
      await deleteInstance(name);
      swept.push(name);
    } catch (error) {
      // It is being changed at this moment: the next sweep finds it.
      if (!(error instanceof AwsRefused && error.code.startsWith('InvalidDBInstanceState'))) throw error;
    }
  }
  return swept;
}
