import type { MigrateOptions } from '#schema/migrations/migrate.ts';
import { allowContract, findWayBack, type ReturnPoint } from './contract-interlock.ts';
import { recoveryPolicy } from './policy.ts';

/** The interlock for migrations: a contract migration runs only when a proven backup could undo it. */
export function interlocked(
  databaseUrl: string,
  onReturnPoint: (point: ReturnPoint) => void,
): MigrateOptions['beforeContract'] {
  const interlock = { databaseUrl, policy: recoveryPolicy };
  return async (file, client, { dryRun }) => {
    if (dryRun) return void (await findWayBack(file, client, interlock));
    const point = await allowContract(file, client, interlock);
    if (point) onReturnPoint(point);
  };
}
