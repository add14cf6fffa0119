import { allowContract, findWayBack, type ReturnPoint } from '#recovery/contract-interlock.ts';
import { recoveryPolicy } from '#recovery/policy.ts';
import type { MigrateOptions } from '#schema/migrations/migrate.ts';

/** Holds a run of migrations to the interlock of recovery: nothing that only a backup undoes, unless there is one. */
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

/** Where to return to, for people. */
export function returnPointText({ migration, source, at, until }: ReturnPoint): string {
  return [
    `${migration} can be undone by a backup alone. The time to return to, which the evidence bucket keeps:`,
    `  npm run restore -- --at ${at.toISOString()} --to NAME`,
    `${source} can be restored to it from some minutes on, when its log is shipped, until ${until.toISOString()}.`,
  ].join('\n');
}
