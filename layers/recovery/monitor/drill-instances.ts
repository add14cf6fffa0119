import { begunAt } from '../drill/begun.ts';
import { describeDrillInstances, drillTag } from '../rds/rds.ts';
import type { DrillInstance } from './source.ts';

/** The instances that drills have created from the backups of instances and clusters. */
export async function drillInstances(): Promise<DrillInstance[]> {
  return (await describeDrillInstances()).map((instance) => ({
    identifier: instance.DBInstanceIdentifier ?? '',
    status: instance.DBInstanceStatus ?? 'unknown',
    drillId: instance.TagList?.find(({ Key }) => Key === drillTag)?.Value,
    begunAt: begunAt(instance),
  }));
}
