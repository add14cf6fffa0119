import { expect, inject, test } from 'vitest';
import { postEntry } from '#ledger/entries.ts';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { openAws } from '#tests/aws.ts';
import { cloneDatabase } from '../prove/clone.ts';
import { asJobs } from '../prove/reconciliation/fixture.ts';
import { loadTenant, logLockWaits, runUnderLoad } from '../prove/reconciliation/load.ts';
import { watchLockWaits } from '../prove/reconciliation/lock-waits.ts';

openAws();

const loadMs = Number(process.env.STOCKADE_LOAD_SECONDS ?? 10) * 1_000;
const clone = () => cloneDatabase(inject('clusterUrl'), inject('templateDatabase'));

test(
  `reconciled in a loop while eight connections write: nothing is found, and no writer waits for it`,
  async () => {
    await using database = await clone();
    const load = await runUnderLoad({ adminUrl: database.url, logFile: inject('clusterLog') }, loadMs);
    expect(load.found).toBe(0);
    expect(load.waits).toEqual([]);
    expect(load.runs).toBeGreaterThanOrEqual(3);
    expect(load.seals).toBeGreaterThan(0);
    expect(load.postings).toBeGreaterThan(100);
    expect(load.imported).toBeGreaterThan(200);
  },
  90_000 + loadMs * 2,
);

test('a job that did keep a writer waiting would be noticed', async () => {
  await using database = await clone();
  await logLockWaits(database.url);
  process.env[environment.databaseUrl] = loginUrl(database.url, 'stockade_api');
  const { orgId, tenant } = await loadTenant(database.url);
  const receipt = () =>
    postEntry(tenant, { kind: 'receipt', lines: [{ sku: 'S0', location: 'A', quantity: 1 }] });
  try {
    await receipt();
    await asJobs(database.url, async (jobs) => {
      const { rows } = await jobs.query('select pg_backend_pid() as pid');
      const watch = await watchLockWaits(inject('clusterLog'), rows[0].pid);
      await jobs.query('begin');
      await jobs.query('select tenancy.enter_as_job($1)', [orgId]);
      // What a posting needs: the lock that a boundary is drawn under.
      await jobs.query('select inventory.draw_seal_boundary()');
      const posting = receipt();
      await expect.poll(async () => (await watch.read()).length, { timeout: 10_000 }).toBe(1);
      expect(await watch.read()).toMatchObject([{ because: 'held' }]);
      await jobs.query('commit');
      await posting;
    });
  } finally {
    await closeDatabase();
  }
}, 60_000);
