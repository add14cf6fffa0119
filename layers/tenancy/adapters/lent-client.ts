import type pg from 'pg';
import { Refusal } from '#platform/refusal.ts';
import type { EnteredTransaction, LibraryStatement } from './entered-transaction.ts';

/** The connection as a library gets it: its statements go through the transaction, which gives the connection back. */
export function lentClient(transaction: EnteredTransaction, client: pg.PoolClient): pg.PoolClient {
  const lent: Lent = {
    query: async (query, values, callback) => {
      if ([values, callback, Object(query).callback].some((each) => typeof each === 'function'))
        throw new Refusal('inTenant() has no callbacks', 'Use the promise that query() returns.');
      return await transaction.query(statementOf(query, values));
    },
    release: () => {},
  };
  return new Proxy(client, {
    get: (target, name) =>
      Object.hasOwn(lent, name) ? lent[name as keyof Lent] : Reflect.get(target, name, target),
  });
}

interface Lent {
  query(
    query: string | pg.QueryConfig,
    values?: readonly unknown[],
    callback?: unknown,
  ): Promise<pg.QueryResult>;
  release(): void;
}

/** Without the name of a statement: a named one would pin a connection of RDS Proxy. */
function statementOf(query: string | pg.QueryConfig, values?: readonly unknown[]): LibraryStatement {
  if (typeof query === 'string') return { text: query, values: values ?? [] };
  if ('submit' in query)
    throw new Refusal('inTenant() has no cursors and no streams', 'Read in pages, ordered by a key.');
  const { rowMode, types, text, values: own } = query as pg.QueryArrayConfig;
  return { text, values: values ?? own ?? [], rowMode, types };
}
