import type { TransactionMode } from '../transaction/entering.ts';
import type { Visitor } from './entered-transaction.ts';
import { runInTenant } from './tenant-pool.ts';

export { tenantPool } from './tenant-pool.ts';

/** How long Prisma may wait for a connection, and how long the transaction may take: Prisma's own options. */
export interface PrismaTransactionOptions {
  readonly maxWait?: number;
  readonly timeout?: number;
}

/** What is used of a Prisma client. Written out, it fits every generated client, and nobody else needs the package. */
interface PrismaClient<Tx> {
  $transaction<T>(work: (tx: Tx) => Promise<T>, options?: PrismaTransactionOptions): Promise<T>;
}

/** The handle that a client gives to its transactions: the parameter of the last overload's callback. */
export type TransactionOf<Client> = Client extends { $transaction(...args: infer Args): unknown }
  ? Args extends [(tx: infer Tx) => unknown, ...unknown[]]
    ? Tx
    : never
  : never;

/**
 * A client extension of Prisma: it adds `$inTenant`, which runs queries in one transaction, inside an organization.
 *
 * @example
 * const pool = tenantPool(new pg.Pool({ connectionString: process.env.DATABASE_URL }));
 * const prisma = new PrismaClient({ adapter: new PrismaPg(pool) }).$extends(tenants);
 * const items = await prisma.$inTenant(tenant, 'read', (tx) => tx.item.findMany());
 */
export const tenants = {
  name: 'stockade',
  client: {
    $inTenant<Client, T>(
      this: Client,
      tenant: Visitor,
      mode: TransactionMode,
      work: (tx: TransactionOf<Client>) => Promise<T>,
      options?: PrismaTransactionOptions,
    ): Promise<T> {
      const client = this as PrismaClient<TransactionOf<Client>>;
      return runInTenant(tenant, mode, (run) => client.$transaction(run, options), work);
    },
  },
};
