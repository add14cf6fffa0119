import { begunTag, type DBInstance } from '../rds/rds.ts';

/**
 * The time at which a drill began to restore an instance; undefined when it is not known. RDS reports a creation time only
 * after the instance is available; until then its tag contains the time. The drill records are not read: they may be damaged.
 */
export function begunAt({ InstanceCreateTime, TagList = [] }: DBInstance): Date | undefined {
  if (InstanceCreateTime) return InstanceCreateTime;
  const at = new Date(TagList.find(({ Key }) => Key === begunTag)?.Value ?? Number.NaN);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
