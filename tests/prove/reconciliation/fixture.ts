import { Client } from 'pg';
import type { RunReport } from '#audit/reconciliation/reconcile.ts';
import { reconcileOrganization } from '#audit/reconciliation/reconcile.ts';
import { type RunKind, takeLease } from '#audit/reconciliation/runs/lease.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { asSuperuser } from '../clone.ts';

/** Two organizations with the same history: the target is damaged, the bystander must not change. */
export const targetSlug = 'target';
const bystanderSlug = 'bystander';

/** Items A to N have a balance of about a hundred each at L, so five per cent of it is a visible amount. */
export const skus = [...'ABCDEFGHIJKLMN'];

/**
 * Fills a migrated database with sealed and anchored movements, with sealed ones that are not anchored yet, and with
 * unsealed ones. Every balance is reconciled before it is sealed.
 */
export async function createFixture(adminUrl: string): Promise<void> {
  await asSuperuser(adminUrl, async (superuser) => {
    for (const slug of [targetSlug, bystanderSlug]) {
      const { rows } = await superuser.query<{ id: string }>(
        'insert into tenancy.organizations (slug, name) values ($1, $1) returning id',
        [slug],
      );
      const orgId = rows[0]?.id ?? '';
      await inOrganization(superuser, orgId, async () => {
        for (const sku of skus)
          await superuser.query('select inventory.create_item($1)', [{ sku, name: sku }]);
        for (const code of ['L', 'M'])
          await superuser.query('select inventory.create_location($1)', [{ code, name: code }]);
        for (const [index, sku] of skus.entries()) await post(superuser, 'receipt', [[sku, 60 + index]]);
        await post(
          superuser,
          'receipt',
          skus.map((sku) => [sku, 50] as const),
        );
      });
      await inOrganization(superuser, orgId, () =>
        superuser.query('select inventory.reserve($1)', [
          { lines: ['L', 'M'].map((sku) => ({ sku, location: 'L', quantity: 4 })) },
        ]),
      );
      await asJobs(adminUrl, async (jobs) => {
        await reconcile(jobs, orgId, 'full');
        await sealOrganization(jobs, orgId);
      });
      await inOrganization(superuser, orgId, async () => {
        for (const sku of skus.slice(0, 8)) await post(superuser, 'issue', [[sku, -7]]);
      });
      await asJobs(adminUrl, (jobs) => reconcile(jobs, orgId, 'daily'));
      await inOrganization(superuser, orgId, () => superuser.query('select inventory.draw_seal_boundary()'));
      await inOrganization(superuser, orgId, () => superuser.query('select inventory.seal_next(1000)'));
      // Items A to D get unsealed movements; the others have none.
      await inOrganization(superuser, orgId, async () => {
        for (const sku of skus.slice(0, 4)) await post(superuser, 'issue', [[sku, -2]]);
      });
    }
  });
}

/** Posts one entry in the entered organization. */
export async function post(
  superuser: Client,
  kind: string,
  lines: readonly (readonly [sku: string, quantity: number])[],
): Promise<void> {
  await superuser.query('select inventory.post_entry($1)', [
    { kind, lines: lines.map(([sku, quantity]) => ({ sku, location: 'L', quantity })) },
  ]);
}

/** Runs work in a transaction that has entered an organization. */
export async function inOrganization<T>(
  superuser: Client,
  orgId: string,
  work: () => Promise<T>,
): Promise<T> {
  await superuser.query('begin');
  try {
    await superuser.query('select tenancy.enter_as_job($1)', [orgId]);
    const result = await work();
    await superuser.query('commit');
    return result;
  } catch (error) {
    await superuser.query('rollback');
    throw error;
  }
}

/** Reconciles an organization as the job does. */
export async function reconcile(
  jobs: Client,
  orgId: string,
  kind: RunKind,
  onAlert?: (report: RunReport) => Promise<void>,
): Promise<RunReport> {
  const lease = await takeLease(jobs, orgId);
  if (!lease) throw new Error('another run is reconciling the fixture');
  return await reconcileOrganization(jobs, lease, {
    kind,
    time: { remainingMs: () => Number.POSITIVE_INFINITY },
    ...(onAlert ? { onAlert } : {}),
  });
}

/** Runs work on a new connection as stockade_jobs. */
export async function asJobs<T>(adminUrl: string, work: (jobs: Client) => Promise<T>): Promise<T> {
  const jobs = new Client(loginUrl(adminUrl, 'stockade_jobs'));
  await jobs.connect();
  try {
    return await work(jobs);
  } finally {
    await jobs.end();
  }
}
