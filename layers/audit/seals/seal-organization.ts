import type pg from 'pg';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { type Anchoring, anchorSeals } from './anchor.ts';
import { type BoundaryOptions, drawBoundary } from './boundary.ts';
import type { Seal } from './seal.ts';

/** The approximate maximum number of movements in one seal: a second of work and some fifty megabytes. */
const mostMovements = 200_000;

export interface SealResult {
  /** The new seals, the oldest first. There are several when there was much to seal. */
  readonly seals: readonly Seal[];
  /** The last of them. */
  readonly sealed?: Seal | undefined;
  /**
   * Why not everything is sealed, or nothing: nothing was posted since the last seal, writers were too busy to draw a
   * boundary, or the signal stopped it.
   */
  readonly reason?: 'nothing-new' | 'busy' | 'stopped' | undefined;
  readonly anchoring: Anchoring;
}

/** The signal lets the current seal finish, and starts nothing else. */
export interface SealOptions extends BoundaryOptions {
  /** The maximum number of movements in one seal, for tests. */
  readonly mostMovements?: number;
}

/**
 * Seals what an organization has posted since its last seal, and writes the missing anchors. Each step is its own
 * transaction: if the process dies, the next call continues from there.
 * `jobs` is a connection as stockade_jobs.
 */
export async function sealOrganization(
  jobs: pg.ClientBase,
  orgId: string,
  options: SealOptions = {},
): Promise<SealResult> {
  const { signal } = options;
  const progress = await readProgress(jobs, orgId);
  let reason: SealResult['reason'];
  if (progress.newest === progress.sealed) reason = 'nothing-new';
  // If a boundary was drawn but not sealed yet, seal up to it in any case.
  else if (progress.newest !== progress.drawn && !(await drawBoundary(jobs, orgId, options))) reason = 'busy';

  const seals: Seal[] = [];
  while (reason !== 'nothing-new') {
    if (signal?.aborted) {
      reason = 'stopped';
      break;
    }
    const [next] = await inOrganizationAsJob<{ seal: Seal | null }>(jobs, orgId, 'write', {
      text: 'select inventory.seal_next($1) as seal',
      values: [options.mostMovements ?? mostMovements],
    });
    if (!next?.seal) break;
    seals.push(next.seal);
  }
  return { seals, sealed: seals.at(-1), reason, anchoring: await anchorSeals(jobs, orgId, { signal }) };
}

/** The newest entry, the entry up to which the ledger is closed, and the entry up to which it is sealed. */
interface SealProgress {
  readonly newest: string | null;
  readonly drawn: string | null;
  readonly sealed: string | null;
}

async function readProgress(jobs: pg.ClientBase, orgId: string): Promise<SealProgress> {
  const [progress] = await inOrganizationAsJob<SealProgress & pg.QueryResultRow>(jobs, orgId, 'read', {
    text: `
      select
        (select id from inventory.entries where org_id = $1 order by id desc limit 1) as newest,
        (select boundary from inventory.seal_boundaries where org_id = $1) as drawn,
        (select boundary from inventory.seals where org_id = $1 order by seq desc limit 1) as sealed`,
    values: [orgId],
  });
  if (!progress) throw new Error('the query for the seal progress returned no row');
  return progress;
}
