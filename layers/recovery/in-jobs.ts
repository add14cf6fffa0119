import type pg from 'pg';

/** Runs work on a connection as stockade_jobs. The work ends every transaction that it begins. */
export type InJobs = <T>(work: (jobs: pg.ClientBase) => Promise<T>) => Promise<T>;
