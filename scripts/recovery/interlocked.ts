import { allowContract, findWayBack, type ReturnPoint } from '#recovery/contract-interlock.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import type { MigrateOptions } from '#schema/migrations/migrate.ts';

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

/** The return point, for people. */
export function returnPointText({ migration, source, at, until }: ReturnPoint): string {
  return [
    `Only a backup can undo ${migration}. The point in time to return to (the evidence bucket records it):`,
    `  npm run restore -- --at ${at.toISOString()} --to NAME`,
    `You can restore ${source} to that time as soon as its log is shipped, in some minutes, until ${until.toISOString()}.`,
  ].join('\n');
}
