import type pg from 'pg';

/** Does some work on a connection as stockade_jobs, and ends the transactions that it begins. */
export type InJobs = <T>(work: (jobs: pg.ClientBase) => Promise<T>) => Promise<T>;
