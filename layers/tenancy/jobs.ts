import type pg from 'pg';
import { withConnection } from '#platform/postgres/database.ts';
import { isSqlError } from '#platform/postgres/sqlstate.ts';

/**
 * Does the work of a job, on a connection as stockade_jobs, which may enter every organization. The work begins and ends
 * its own transactions; a connection that it leaves inside one is closed.
 * Only scheduled functions have the settings to connect.
 * @throws Unavailable when the database cannot be reached
 * @throws MissingSetting in a function that is not a job
 */
export function inJobs<T>(work: (jobs: pg.ClientBase) => Promise<T>): Promise<T> {
  return withConnection(work, 'jobs');
}

const pageOfOrganizations = 1000;

/**
 * The ids of the organizations that are active. Suspended ones are left out, so that what they have stays as exported.
 * `jobs` is a connection as stockade_jobs, outside of any transaction.
 */
export function activeOrganizations(jobs: pg.ClientBase): Promise<readonly string[]> {
  return allPages(jobs, 'select id from tenancy.active_organizations($1, $2) as id');
}

/** The ids of all organizations, suspended ones too. `jobs` is a connection as stockade_jobs, outside of any transaction. */
export function knownOrganizations(jobs: pg.ClientBase): Promise<readonly string[]> {
  return allPages(jobs, 'select id from tenancy.known_organizations($1, $2) as id');
}

/** Whether work failed because its organization was erased after it was listed. */
export function isErased(error: unknown): boolean {
  return isSqlError(error) && error.code === 'SK404';
}

async function allPages(jobs: pg.ClientBase, page: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let after = '00000000-0000-0000-0000-000000000000'; ; after = ids.at(-1) ?? after) {
    const { rows } = await jobs.query<{ id: string }>(page, [after, pageOfOrganizations]);
    ids.push(...rows.map(({ id }) => id));
    if (rows.length < pageOfOrganizations) return ids;
  }
}
