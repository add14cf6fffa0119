import type { Client } from 'pg';
import { beforeAll } from 'vitest';
import { type SealOptions, type SealResult, sealOrganization } from '#audit/seals/seal-organization.ts';
import { type LedgerReport, verifyLedger } from '#audit/seals/verify-ledger.ts';
import { type AwsWorld, openAws } from '#tests/aws.ts';
import { type Caller, openWorld, type World } from '#tests/world.ts';

/** A world whose organizations are sealed, with the bucket of their anchors. */
export interface SealedWorld {
  readonly world: World;
  readonly aws: AwsWorld;
  readonly superuser: Client;
  /** An organization with items A and B and the locations MAIN and SHOP. */
  organization(): Promise<Caller>;
  /** Posts receipts of one line, spread over four balances. */
  post(tenant: Caller, entries: number): Promise<string[]>;
  seal(tenant: Caller, options?: SealOptions): Promise<SealResult>;
  verify(tenant: Caller): Promise<LedgerReport>;
  /** Does what nothing but a superuser who takes the triggers out of the way can do. */
  tamper(statement: string, values?: readonly unknown[]): Promise<void>;
}

export function openSealedWorld(): SealedWorld {
  const world = openWorld();
  const aws = openAws();
  let superuser: Client;
  let jobs: Client;

  beforeAll(async () => {
    superuser = await world.superuser();
    jobs = await world.connect('stockade_jobs');
  });

  /** Those that are enabled always fire in a replica too. */
  async function triggers(what: 'disable' | 'enable always'): Promise<void> {
    const { rows } = await superuser.query<{ statement: string }>(
      `select format('alter table %s ${what} trigger %I', tgrelid::regclass, tgname) as statement
       from pg_trigger where not tgisinternal and tgfoid in (
         'inventory.refuse_change'::regproc, 'inventory.refuse_sealed'::regproc,
         'inventory.apply_movements'::regproc
       )`,
    );
    for (const { statement } of rows) await superuser.query(statement);
  }

  return {
    world,
    aws,
    get superuser() {
      return superuser;
    },
    async organization() {
      const tenant = await world.createOrganization();
      for (const sku of ['A', 'B']) await tenant.item(sku);
      for (const code of ['MAIN', 'SHOP']) await tenant.location(code);
      return tenant;
    },
    async post(tenant, entries) {
      const ids: string[] = [];
      for (let n = 0; n < entries; n += 1) {
        const { body } = await tenant.post('receipt', {
          sku: n % 2 ? 'A' : 'B',
          location: n % 4 < 2 ? 'MAIN' : 'SHOP',
          quantity: 1 + n / 10,
        });
        ids.push(body.entryId);
      }
      return ids;
    },
    seal: (tenant, options) => sealOrganization(jobs, tenant.id, options),
    verify: (tenant) => verifyLedger(jobs, tenant.id),
    async tamper(statement, values = []) {
      await superuser.query(
        'begin; set local session_replication_role = replica; set local search_path = inventory',
      );
      try {
        await triggers('disable');
        // Who tampers drops the constraints that are in the way.
        await superuser.query(
          `alter table movements drop constraint if exists movements_quantity_check_number,
             drop constraint if exists movements_occurred_at_check,
             drop constraint if exists movements_lot_check;
           alter table entries drop constraint if exists entries_recorded_at_check,
             drop constraint if exists entries_reference_check;
           alter table seals drop constraint if exists seals_version_check,
             drop constraint if exists seals_entries_check_version,
             drop constraint if exists seals_sealed_at_check`,
        );
        const { rowCount } = await superuser.query(statement, [...values]);
        if (rowCount === 0) throw new Error(`nothing was tampered with: ${statement}`);
        await triggers('enable always');
        await superuser.query('commit');
      } catch (error) {
        await superuser.query('rollback');
        throw error;
      }
    },
  };
}
