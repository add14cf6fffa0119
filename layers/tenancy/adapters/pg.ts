import type pg from 'pg';
import type { TransactionMode } from '../transaction/entering.ts';
import type { Visitor } from './entered-transaction.ts';
import { runInTenant } from './tenant-pool.ts';

export { tenantPool } from './tenant-pool.ts';

/** A connection inside one organization. It has ended when the callback has returned. */
export interface TenantClient {
  query<Row extends pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>;
  query<Row extends unknown[]>(query: pg.QueryArrayConfig): Promise<pg.QueryArrayResult<Row>>;
  query<Row extends pg.QueryResultRow>(query: pg.QueryConfig): Promise<pg.QueryResult<Row>>;
}

/**
 * Runs queries of `pg` in one transaction, inside an organization.
 *
 * @example
 * const pool = tenantPool(new pg.Pool({ connectionString: process.env.DATABASE_URL }));
 * const { rows } = await inTenant(pool, tenant, 'read', (client) => client.query('select id, name from shop.items'));
 */
export function inTenant<T>(
  pool: pg.Pool,
  tenant: Visitor,
  mode: TransactionMode,
  work: (client: TenantClient) => Promise<T>,
): Promise<T> {
  return runInTenant<TenantClient, T>(
    tenant,
    mode,
    async (run) => {
      const client = await pool.connect();
      try {
        return await run(client as TenantClient);
      } finally {
        client.release();
      }
    },
    work,
  );
}
