import type { TransactionMode } from '../transaction/entering.ts';
import type { Visitor } from './entered-transaction.ts';
import { runInTenant } from './tenant-pool.ts';

export { tenantPool } from './tenant-pool.ts';

/** What is used of Kysely. Written out, it fits every version, and nobody else needs the package. */
export interface KyselyDatabase<Trx> {
  transaction(): { execute<T>(work: (trx: Trx) => Promise<T>): Promise<T> };
}

/**
 * Runs queries of Kysely in one transaction, inside an organization.
 *
 * @example
 * const pool = tenantPool(new pg.Pool({ connectionString: process.env.DATABASE_URL }));
 * const db = new Kysely<Shop>({ dialect: new PostgresDialect({ pool }) });
 * const rows = await inTenant(db, tenant, 'read', (trx) => trx.selectFrom('items').selectAll().execute());
 */
export function inTenant<Trx, T>(
  db: KyselyDatabase<Trx>,
  tenant: Visitor,
  mode: TransactionMode,
  work: (trx: Trx) => Promise<T>,
): Promise<T> {
  return runInTenant<Trx, T>(tenant, mode, (run) => db.transaction().execute(run), work);
}
