import { describeAutomatedBackup, describeInstance, drillPrefix, listSnapshots } from '../rds/rds.ts';
import { RecoveryRefused } from '../recovery-refused.ts';
import type { DrillRequest } from './record-shape.ts';

/** What to restore. */
export type DrillWish =
  | { readonly kind: 'snapshot' /** Default: the newest. */; readonly snapshot?: string | undefined }
  | { readonly kind: 'point-in-time' /** Default: the latest possible. */; readonly at?: Date | undefined };

/**
 * Chooses the snapshot or the point in time to restore.
 * @throws RecoveryRefused when there is none, or when the one that you name cannot be restored
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
    if (!at) throw new RecoveryRefused(`${source} has no point in time to restore`);
    if (wish.at) await checkWindow(source, wish.at);
    return { ...common, kind: wish.kind, asOf: at.toISOString() };
  }
  const { snapshot, asOf } = await chooseSnapshot(source, wish.snapshot);
  return { ...common, kind: wish.kind, snapshot, asOf: asOf.toISOString() };
}

/** Checks a time before RDS does: RDS only answers that the time is invalid. */
async function checkWindow(source: string, at: Date): Promise<void> {
  const { EarliestTime, LatestTime } = (await describeAutomatedBackup(source))?.RestoreWindow ?? {};
  if (!EarliestTime || !LatestTime) throw new RecoveryRefused(`${source} has no automated backups.`);
  if (at >= EarliestTime && at <= LatestTime) return;
  throw new RecoveryRefused(
    `${at.toISOString()} cannot be restored: choose a time from ${EarliestTime.toISOString()} to ${LatestTime.toISOString()}.`,
    at > new Date()
      ? 'The time is in the future. End --at with a Z for UTC, or with an offset such as +02:00.'
      : at > LatestTime
        ? 'RDS ships the log every five minutes: run the same command again later.'
        : 'A snapshot may contain an older time: use --snapshot instead of --at.',
  );
}

async function chooseSnapshot(source: string, wanted: string | undefined) {
  const usable = (await listSnapshots(source)).flatMap((each) => {
    // A copy is as old as its original.
    const asOf = each.OriginalSnapshotCreateTime ?? each.SnapshotCreateTime;
    const snapshot = each.DBSnapshotIdentifier;
    return each.Status === 'available' && asOf && snapshot ? [{ snapshot, asOf }] : [];
  });
  const chosen = wanted
    ? usable.find(({ snapshot }) => snapshot === wanted)
    : usable.toSorted((a, b) => a.asOf.getTime() - b.asOf.getTime()).at(-1);
  if (chosen) return chosen;
  throw new RecoveryRefused(
    wanted ? `${source} has no available snapshot ${wanted}` : `${source} has no available snapshot`,
  );
}
