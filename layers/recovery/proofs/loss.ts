import type pg from 'pg';
import { inSnapshot } from '#audit/reconciliation/snapshot.ts';
import { isErased, knownOrganizations } from '#tenancy/jobs.ts';
import { DoesNotApply, type Findings, type ProofContext } from './proof.ts';
import { readOrganizations } from './read-organizations.ts';

/** Longer than any posting takes: a posting that began earlier has ended by now. */
const overlapMs = 600_000;

/**
 * Counts the entries that production recorded before the drill was requested and that the copy does not contain. If
 * production had been lost at that time, they would have been lost with it. This proof measures; it finds no faults.
 */
export async function measureLoss(
  { connect, production, requestedAt }: ProofContext,
  findings: Findings,
): Promise<void> {
  if (!production) throw new DoesNotApply('there is no production database to compare the copy with');
  const copy = await connect();
  const there = new Set((await readOrganizations(copy)).map(({ id }) => id));
  await copy.query('set role stockade_jobs');
  findings.add('entries', 0);
  findings.add('movements', 0);
  let firstLost: Date | undefined;
  await production(async (jobs) => {
    for (const orgId of await knownOrganizations(jobs)) {
      const known = there.has(orgId) ? await newestOf(copy, orgId) : nothingKnown;
      const lost = await lostOf(jobs, orgId, known, requestedAt).catch((error: unknown) => {
        // An organization that was erased after it was listed is not lost.
        if (isErased(error)) return nothingLost;
        throw error;
      });
      findings.add('entries', lost.entries);
      findings.add('movements', lost.movements);
      if (lost.first && (!firstLost || lost.first < firstLost)) firstLost = lost.first;
    }
  });
  findings.add('seconds', firstLost ? (requestedAt.getTime() - firstLost.getTime()) / 1000 : 0);
}

interface Known {
  /** Only later ids are compared: this id is older than every entry that the copy could miss. */
  readonly after: string;
  /** The later ids that the copy contains. */
  readonly ids: readonly string[];
}

async function newestOf(copy: pg.ClientBase, orgId: string): Promise<Known> {
  return await inSnapshot(copy, orgId, {}, async (snapshot) => {
    const [newest] = await snapshot.query<{ recordedAt: Date }>(
      `select recorded_at as "recordedAt"
       from inventory.entries
       where org_id = $1 and inventory.is_instant(recorded_at)
       order by id desc
       limit 1`,
      [orgId],
    );
    if (!newest) return nothingKnown;
    const after = idAt(newest.recordedAt.getTime() - overlapMs);
    const there = await snapshot.query<{ id: string }>(
      'select id from inventory.entries where org_id = $1 and id > $2',
      [orgId, after],
    );
    return { after, ids: there.map(({ id }) => id) };
  });
}

interface Lost {
  readonly entries: number;
  readonly movements: number;
  readonly first: Date | null;
}

const nothingLost: Lost = { entries: 0, movements: 0, first: null };

async function lostOf(jobs: pg.ClientBase, orgId: string, { after, ids }: Known, until: Date): Promise<Lost> {
  return await inSnapshot(jobs, orgId, {}, async (snapshot) => {
    const [lost] = await snapshot.query<Lost & pg.QueryResultRow>(
      `select count(distinct e.id)::float8 as entries, count(m.line)::float8 as movements,
         min(e.recorded_at) filter (where inventory.is_instant(e.recorded_at)) as first
       from inventory.entries e
       left join inventory.movements m on m.org_id = e.org_id and m.entry_id = e.id
       where e.org_id = $1
         and e.id > $2
         and not e.id = any ($3::uuid[])
         and e.recorded_at <= $4`,
      [orgId, after, ids, until],
    );
    return lost ?? nothingLost;
  });
}

const nothingKnown: Known = { after: '00000000-0000-0000-0000-000000000000', ids: [] };

/** The smallest id that can be generated at a time: ids begin with their milliseconds. */
function idAt(ms: number): string {
  const hex = Math.max(0, ms).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
