import type pg from 'pg';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { type Anchoring, anchorSeals } from './anchor.ts';
import { type BoundaryOptions, drawBoundary } from './boundary.ts';
import type { Seal } from './seal.ts';

/** About how many movements one seal covers at most: each takes a second or so, and some fifty megabytes. */
const mostMovements = 200_000;

export interface SealResult {
  /** The seals that were made, the oldest first: several when there was much to seal. */
  readonly seals: readonly Seal[];
  /** The last of them. */
  readonly sealed?: Seal | undefined;
  /**
   * Why not everything is sealed that there was: nothing had been posted since the last seal, writers left no instant to
   * draw a boundary, or the signal came.
   */
  readonly reason?: 'nothing-new' | 'busy' | 'stopped' | undefined;
  readonly anchoring: Anchoring;
}

/** When the signal comes, the seal at work is finished and nothing else is begun. */
export interface SealOptions extends BoundaryOptions {
  /** The most movements of one seal, for tests. */
  readonly mostMovements?: number;
}

/**
 * Seals what an organization has posted since its last seal, and anchors every seal that is not anchored yet. Each step is
 * a transaction of its own: whatever dies in between, the next call goes on from there.
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
  // A boundary that was drawn and not sealed up to is sealed in any case.
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

/** The newest entry, the one up to which the ledger is closed, and the one up to which it is sealed. */
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
  if (!progress) throw new Error('the database answered a select of one row with none');
  return progress;
}
