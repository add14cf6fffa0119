import type pg from 'pg';

export interface Heartbeat {
  readonly at: Date;
  /** How many organizations there were. */
  readonly organizations: number;
}

/** Writes down that the database takes writes. Answers the database's clock. `jobs` is a connection as stockade_jobs. */
export async function beat(jobs: pg.ClientBase): Promise<Date> {
  const { rows } = await jobs.query<{ at: Date }>('select recovery.beat() as at');
  if (!rows[0]) throw new Error('a heartbeat answered nothing');
  return rows[0].at;
}

/** The newest heartbeat; undefined when there never was one. `jobs` is a connection as stockade_jobs. */
export async function newestHeartbeat(jobs: pg.ClientBase): Promise<Heartbeat | undefined> {
  const { rows } = await jobs.query<Heartbeat>(
    'select at, organizations::float8 as organizations from recovery.newest_heartbeat()',
  );
  return rows[0];
}
