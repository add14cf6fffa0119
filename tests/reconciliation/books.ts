import type { Client } from 'pg';
import { beforeAll } from 'vitest';
import type { ReconcileOptions, RunReport } from '#audit/reconciliation/reconcile.ts';
import { reconcileOrganization } from '#audit/reconciliation/reconcile.ts';
import { reconcileDue } from '#audit/reconciliation/runs/job.ts';
import { takeLease } from '#audit/reconciliation/runs/lease.ts';
import { type Caller, openWorld, type World } from '#tests/world.ts';

/** A world whose books can be broken and reconciled. */
export interface Books {
  readonly world: World;
  readonly superuser: Client;
  readonly jobs: Client;
  /** An organization with the items A to D, each of which has a hundred at MAIN. */
  organization(): Promise<Caller>;
  /** Writes to the balance of an item behind the product's back. */
  write(tenant: Caller, sku: string, change: string): Promise<void>;
  reconcile(tenant: Caller, options?: Partial<ReconcileOptions>): Promise<RunReport>;
  /** Has a tick settle all that is due, so that nobody is but whom a test makes due. */
  settleDue(): Promise<void>;
  makeDue(...tenants: readonly Caller[]): Promise<void>;
  /** What became of the runs of an organization, in their order. */
  runs(tenant: Caller): Promise<{ status: string; found: number; error: string | null }[]>;
  /** What is stored of an item at MAIN. */
  stored(tenant: Caller, sku: string): Promise<{ onHand: number; version: number } | undefined>;
}

export const noLimit = { remainingMs: () => Number.POSITIVE_INFINITY };

export function openBooks(): Books {
  const world = openWorld();
  let superuser: Client;
  let jobs: Client;
  beforeAll(async () => {
    superuser = await world.superuser();
    jobs = await world.connect('stockade_jobs');
  });
  const ofItem = `org_id = $1 and item_id = (select id from inventory.items where org_id = $1 and sku = $2)`;
  return {
    world,
    get superuser() {
      return superuser;
    },
    get jobs() {
      return jobs;
    },
    async organization() {
      const tenant = await world.createOrganization();
      await tenant.location('MAIN');
      for (const sku of ['A', 'B', 'C', 'D']) {
        await tenant.item(sku);
        await tenant.post('receipt', { sku, location: 'MAIN', quantity: 60 });
        await tenant.post('receipt', { sku, location: 'MAIN', quantity: 40 });
      }
      return tenant;
    },
    async write(tenant, sku, change) {
      await superuser.query(`update inventory.balances set ${change} where ${ofItem}`, [tenant.id, sku]);
    },
    async reconcile(tenant, options = {}) {
      const lease = await takeLease(jobs, tenant.id);
      if (!lease) throw new Error('somebody else has it');
      return await reconcileOrganization(jobs, lease, { kind: 'full', time: noLimit, ...options });
    },
    async settleDue() {
      await reconcileDue(jobs, noLimit);
    },
    async makeDue(...tenants) {
      for (const { id } of tenants) {
        await superuser.query(
          `insert into inventory.reconciliation_state (org_id) values ($1)
           on conflict (org_id) do update set due_at = '-infinity', lease = null, leased_until = null`,
          [id],
        );
      }
    },
    async runs(tenant) {
      const { rows } = await superuser.query(
        `select status, found::int, error from inventory.reconciliation_runs where org_id = $1 order by id`,
        [tenant.id],
      );
      return rows;
    },
    async stored(tenant, sku) {
      const { rows } = await superuser.query(
        `select on_hand::float8 as "onHand", version::int from inventory.balances where ${ofItem}`,
        [tenant.id, sku],
      );
      return rows[0];
    },
  };
}
