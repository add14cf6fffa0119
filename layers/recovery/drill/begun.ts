import { begunTag, type DBInstance } from '../rds/rds.ts';

/**
 * Since when an instance of a drill is there; undefined when nobody knows. RDS says so only once it is available, and of one
 * that never becomes that its tag does: no record of the drill is asked, which may be what is wrong.
 */
export function begunAt({ InstanceCreateTime, TagList = [] }: DBInstance): Date | undefined {
  if (InstanceCreateTime) return InstanceCreateTime;
  const at = new Date(TagList.find(({ Key }) => Key === begunTag)?.Value ?? Number.NaN);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
