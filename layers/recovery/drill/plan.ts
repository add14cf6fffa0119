import { describeAutomatedBackup, describeInstance, drillPrefix, listSnapshots } from '../rds/rds.ts';
import { RecoveryRefused } from '../recovery-refused.ts';
import type { DrillRequest } from './records.ts';

/** What is to be restored. */
export type DrillWish =
  | { readonly kind: 'snapshot' /** The newest one without it. */; readonly snapshot?: string | undefined }
  | { readonly kind: 'point-in-time' /** The latest there is without it. */; readonly at?: Date | undefined };

/**
 * Decides what exactly is restored.
 * @throws RecoveryRefused when there is nothing of the kind to be restored
 */
export async function planDrill(
  id: string,
  source: string,
  wish: DrillWish,
  keep: boolean,
): Promise<DrillRequest> {
  const common = { source, instance: `${drillPrefix}${id}`, keep };
  if (wish.kind === 'point-in-time') {
    const at = wish.at ?? (await describeInstance(source))?.LatestRestorableTime;
    if (!at) throw new RecoveryRefused(`${source} has no point in time that could be restored`);
    if (wish.at) await checkWindow(source, wish.at);
    return { ...common, kind: wish.kind, asOf: at.toISOString() };
  }
  const { snapshot, asOf } = await chooseSnapshot(source, wish.snapshot);
  return { ...common, kind: wish.kind, snapshot, asOf: asOf.toISOString() };
}

/** RDS says of a time outside of it only that it is invalid. */
async function checkWindow(source: string, at: Date): Promise<void> {
  const { EarliestTime, LatestTime } = (await describeAutomatedBackup(source))?.RestoreWindow ?? {};
  if (!EarliestTime || !LatestTime)
    throw new RecoveryRefused(`${source} has no automated backups to go back in.`);
  if (at >= EarliestTime && at <= LatestTime) return;
  throw new RecoveryRefused(
    `${at.toISOString()} cannot be restored: it must be from ${EarliestTime.toISOString()} to ${LatestTime.toISOString()}.`,
    at > new Date()
      ? 'It has not come yet: --at is UTC with a Z, or has its zone behind it.'
      : at > LatestTime
        ? 'The log is shipped every five minutes: run the same command again in a while.'
        : 'What is older may still be in a snapshot: --snapshot in the place of --at.',
  );
}

async function chooseSnapshot(source: string, wanted: string | undefined) {
  const usable = (await listSnapshots(source)).flatMap((each) => {
    // A copy is as old as what it was copied from.
    const asOf = each.OriginalSnapshotCreateTime ?? each.SnapshotCreateTime;
    const snapshot = each.DBSnapshotIdentifier;
    return each.Status === 'available' && asOf && snapshot ? [{ snapshot, asOf }] : [];
  });
  const chosen = wanted
    ? usable.find(({ snapshot }) => snapshot === wanted)
    : usable.toSorted((a, b) => a.asOf.getTime() - b.asOf.getTime()).at(-1);
  if (chosen) return chosen;
  throw new RecoveryRefused(
    wanted
      ? `${source} has no snapshot ${wanted} that is available`
      : `${source} has no snapshot that is available`,
  );
}
