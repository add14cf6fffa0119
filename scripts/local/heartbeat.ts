import { Client } from 'pg';
import { beat } from '#recovery/heartbeat.ts';
import { loginUrl } from './logins.ts';

/**
 * Beats now and from here on, as the job does on AWS, so that a restored copy of a local database tells up to when it has
 * everything. Returns what ends it.
 */
export async function keepBeating(adminUrl: string, everyMs: number): Promise<() => Promise<void>> {
  const url = loginUrl(adminUrl, 'stockade_jobs');
  await beatOnce(url);
  let beating: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    // One that fails is missing in the copies, whose proof says so.
    beating = beatOnce(url).catch(() => {});
  }, everyMs).unref();
  return async () => {
    clearInterval(timer);
    await beating;
  };
}

async function beatOnce(url: string): Promise<void> {
  const jobs = new Client({ connectionString: url, application_name: 'stockade-heartbeat' });
  jobs.on('error', () => {});
  await jobs.connect();
  try {
    await beat(jobs);
  } finally {
    await jobs.end();
  }
}
