import { AsyncLocalStorage } from 'node:async_hooks';
import type pg from 'pg';
import { watchSession } from '#platform/postgres/session-watch.ts';
import { Refusal } from '#platform/refusal.ts';
import { withRetries } from '../transaction/ending.ts';
import type { TransactionMode } from '../transaction/entering.ts';
import { EnteredTransaction, type Visitor } from './entered-transaction.ts';
import { lentClient } from './lent-client.ts';

/** The transaction that a library is opening in this call. Inside the callback of inTenant() there is none. */
const opening = new AsyncLocalStorage<EnteredTransaction | undefined>();

/**
 * A pool for the client of a query library. Only inTenant() gets connections from it: a query outside would see no row,
 * so it is refused with an error that says so. Give it a pool of its own, whose connections are still to come.
 *
 * @example
 * const pool = tenantPool(new pg.Pool({ connectionString: process.env.DATABASE_URL }));
 */
export function tenantPool(pool: pg.Pool): pg.Pool {
  pool.on('connect', watchSession);
  const connect = async () => {
    const transaction = opening.getStore();
    if (!transaction) throw outside();
    return lentClient(transaction, await transaction.take(pool));
  };
  const query = async () => {
    throw outside();
  };
  // Libraries look at the pool's class, its options and its events: everything else is the pool's own.
  return new Proxy(pool, {
    get: (target, name) =>
      name === 'connect' ? connect : name === 'query' ? query : Reflect.get(target, name, target),
  });
}

function outside(): Refusal {
  return new Refusal(
    'this query runs outside of inTenant(), where it would see no row',
    'Run it on the handle that inTenant() gives to its callback.',
  );
}

/** The transaction function of a library. It calls `work` with its handle, once. */
export type LibraryTransaction<Handle, T> = (work: (handle: Handle) => Promise<T>) => Promise<T>;

/**
 * Runs a callback in a transaction of a library, inside an organization. It is {@link inTenant} of `scope.ts` for other
 * libraries: what is said there of modes, refusals and retries holds here too.
 */
export async function runInTenant<Handle, T>(
  tenant: Visitor,
  mode: TransactionMode,
  transaction: LibraryTransaction<Handle, T>,
  work: (handle: Handle) => Promise<T>,
): Promise<T> {
  let last: EnteredTransaction;
  return await withRetries(
    async () => {
      const entered = new EnteredTransaction(tenant, mode);
      last = entered;
      try {
        const result = await opening.run(entered, () =>
          transaction((handle) => opening.run(undefined, () => entered.during(() => work(handle)))),
        );
        await entered.finish();
        return result;
      } catch (error) {
        throw await entered.abandon(error);
      }
    },
    () => last.hasLost,
  );
}
