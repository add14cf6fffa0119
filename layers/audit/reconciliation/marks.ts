import type { Snapshot } from './snapshot.ts';

/** The last seal. History up to its boundary cannot change, and its closings contain the sums of that history. */
export interface SealMark {
  readonly seq: number;
  readonly boundary: string;
}

/** The last seal of the organization. Undefined before the first. */
export async function lastSeal(snapshot: Snapshot, orgId: string): Promise<SealMark | undefined> {
  const [seal] = await snapshot.query<{ seq: string; boundary: string }>(
    'select seq, boundary from inventory.seals where org_id = $1 order by seq desc limit 1',
    [orgId],
  );
  return seal && { seq: Number(seal.seq), boundary: seal.boundary };
}

/** The last boundary. Everything before it was already committed when it was drawn, so the snapshot contains it. */
export async function drawnBoundary(snapshot: Snapshot, orgId: string): Promise<string | undefined> {
  const [row] = await snapshot.query<{ boundary: string }>(
    'select boundary from inventory.seal_boundaries where org_id = $1',
    [orgId],
  );
  return row?.boundary;
}

/** The newest entry in the snapshot. */
export async function newestEntry(snapshot: Snapshot, orgId: string): Promise<string | undefined> {
  const [entry] = await snapshot.query<{ id: string }>(
    'select id from inventory.entries where org_id = $1 order by id desc limit 1',
    [orgId],
  );
  return entry?.id;
}

/**
 * Whether the last finished run kept every difference that it found. If not, only a comparison of everything finds the
 * other differences again.
 */
export async function lastRunKeptAll(snapshot: Snapshot, orgId: string): Promise<boolean> {
  const [last] = await snapshot.query<{ kept_all: boolean }>(
    `select r.found <= (
         select count(*)
         from inventory.discrepancies d
         where d.org_id = r.org_id and d.run_id = r.id and d.item_id is not null
       ) as kept_all
     from inventory.reconciliation_runs r
     where r.org_id = $1 and r.status = 'finished'
     order by r.id desc
     limit 1`,
    [orgId],
  );
  return last?.kept_all ?? true;
}

/** Whether a run has already found differences. */
export async function hasFound(
  snapshot: Snapshot,
  orgId: string,
  { id }: { readonly id: string },
): Promise<boolean> {
  const [run] = await snapshot.query<{ found: boolean }>(
    'select found > 0 as found from inventory.reconciliation_runs where org_id = $1 and id = $2',
    [orgId, id],
  );
  return run?.found ?? false;
}
