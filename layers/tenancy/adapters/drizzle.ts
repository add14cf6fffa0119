import type { TransactionMode } from '../transaction/entering.ts';
import type { Visitor } from './entered-transaction.ts';
import { runInTenant } from './tenant-pool.ts';

export { tenantPool } from './tenant-pool.ts';

/** What is used of a database of Drizzle. Written out, it fits every version, and nobody else needs the package. */
export interface DrizzleDatabase<Tx> {
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

/**
 * Runs queries of Drizzle in one transaction, inside an organization.
 *
 * @example
 * const db = drizzle({ client: tenantPool(new pg.Pool({ connectionString: process.env.DATABASE_URL })) });
 * const rows = await inTenant(db, tenant, 'read', (tx) => tx.select().from(items));
 */
export function inTenant<Tx, T>(
  db: DrizzleDatabase<Tx>,
  tenant: Visitor,
  mode: TransactionMode,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  return runInTenant<Tx, T>(tenant, mode, (run) => db.transaction(run), work);
}
