import type pg from 'pg';

export interface Heartbeat {
  readonly at: Date;
  /** The number of organizations at that time. */
  readonly organizations: number;
}

/** Records a heartbeat. Returns its time by the clock of the database. `jobs` is a connection as stockade_jobs. */
export async function beat(jobs: pg.ClientBase): Promise<Date> {
  const { rows } = await jobs.query<{ at: Date }>('select recovery.beat() as at');
  if (!rows[0]) throw new Error('recovery.beat() returned no row');
  return rows[0].at;
}

/** The newest heartbeat; undefined before the first. `jobs` is a connection as stockade_jobs. */
export async function newestHeartbeat(jobs: pg.ClientBase): Promise<Heartbeat | undefined> {
  const { rows } = await jobs.query<Heartbeat>(
    'select at, organizations::float8 as organizations from recovery.newest_heartbeat()',
  );
  return rows[0];
}
