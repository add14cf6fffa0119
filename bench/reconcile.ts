import type pg from 'pg';
import { compareBalances, mayMissBalances } from '#audit/reconciliation/compare-balances.ts';
import { compareHistory, everything } from '#audit/reconciliation/compare-history.ts';
import { lastSeal } from '#audit/reconciliation/marks.ts';
import { inSnapshot } from '#audit/reconciliation/snapshot.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { type Bench, clients, compare, expected } from './bench.ts';
import { execute, startServer } from './database.ts';
import { connectJobs, makeLedger } from './history.ts';

const plainAggregate = `select item_id, location_id, lot, sum(quantity), count(*)
  from inventory.movements
  where org_id = $1
  group by item_id, location_id, lot`;

export const reconcile: Bench = {
  name: 'reconcile',
  summary: 'The cost of comparing balances with history, in full and from the last seal on',
  expect: (options) => expected(2, options, options.quick ? 15 : 60),
  async *run(options) {
    const most = options.quick ? 100_000 : 1_000_000;
    const server = await startServer();
    try {
      const url = await server.createDatabase('reconcile');
      const [small, large] = [await makeLedger(url, 'small', 1_000), await makeLedger(url, 'large', 1_000)];
      await small.post(10_000, 1_000);
      await large.post(most, 1_000);
      const jobs = await connectJobs(url);
      for (const { orgId } of [small, large]) await sealOrganization(jobs, orgId);
      for (const ledger of [small, large]) await ledger.post(1_000, 100);
      await execute(url, 'vacuum analyze');

      yield await compare(
        {
          name: `full, ${(most + 1_000).toLocaleString('en')} movements of 10,000 balances`,
          subject: 'compared with balances and closings, as in the job',
          reference: 'the plain aggregate of the same rows, as the same role',
          target: 1.5,
        },
        {
          subject: clients(1, () => full(jobs, large.orgId)),
          reference: clients(1, () =>
            inSnapshot(jobs, large.orgId, {}, (snapshot) => snapshot.query(plainAggregate, [large.orgId])),
          ),
        },
        options,
      );
      yield await compare(
        {
          name: 'all 10,000 balances from the last seal on, 1,000 new movements',
          subject: `after ${most.toLocaleString('en')}`,
          reference: 'after 10,000',
          target: 1.3,
        },
        {
          subject: clients(1, () => daily(jobs, large.orgId)),
          reference: clients(1, () => daily(jobs, small.orgId)),
        },
        options,
      );
      await jobs.end();
    } finally {
      await server.stop();
    }
  },
};

async function full(jobs: pg.ClientBase, orgId: string): Promise<void> {
  const { found, keys } = await inSnapshot(jobs, orgId, {}, async (snapshot) =>
    compareHistory(snapshot, orgId, everything, await lastSeal(snapshot, orgId)),
  );
  if (found !== 0 || keys === 0) throw new Error(`${found} of ${keys} balances are wrong`);
}

async function daily(jobs: pg.ClientBase, orgId: string): Promise<void> {
  const { found, keys, movements, misses } = await inSnapshot(jobs, orgId, {}, async (snapshot) => {
    const seal = await lastSeal(snapshot, orgId);
    if (!seal) throw new Error('there is no seal');
    const compared = await compareBalances(snapshot, orgId, everything, seal);
    return { ...compared, misses: await mayMissBalances(snapshot, orgId, seal) };
  });
  if (found !== 0 || misses || keys !== 10_000 || movements !== 1_000)
    throw new Error(`${found} differences in ${movements} movements of ${keys} balances`);
}
