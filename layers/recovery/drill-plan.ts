import type { DrillRequest } from './drill-records.ts';
import { describeInstance, drillPrefix, listSnapshots } from './rds.ts';
import { RecoveryRefused } from './recovery-refused.ts';

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
    return { ...common, kind: wish.kind, asOf: at.toISOString() };
  }
  const { snapshot, asOf } = await chooseSnapshot(source, wish.snapshot);
  return { ...common, kind: wish.kind, snapshot, asOf: asOf.toISOString() };
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
