import type pg from 'pg';
import type { Statement } from '#platform/postgres/batch.ts';
import { withConnection } from '#platform/postgres/database.ts';
import { isSqlError, sqlstate } from '#platform/postgres/sqlstate.ts';
import type { Credentials, IdempotencyClaim, Tenant } from './tenant.ts';
import { end, withRetries } from './transaction/ending.ts';
import { enter, noteKeyUse, type TransactionMode } from './transaction/entering.ts';
import { FairShare } from './transaction/fair-share.ts';
import { Pipeline } from './transaction/pipeline.ts';

/**
 * The only ways to a tenant's rows. Each enters the organization, does its work and ends the transaction:
 * - {@link queryInTenant}, one statement: one round trip.
 * - {@link callInTenant}, one function that does the whole of a request: one round trip, with an `Idempotency-Key` too.
 * - {@link listInTenant}, one function that answers a list: one round trip.
 * - {@link inTenant}, several statements that need one transaction: at least two round trips.
 *
 * Each throws `Unavailable` when the database cannot be reached, and what the database refuses (see `sqlstate.ts`). A
 * transaction that loses to a deadlock or a serialization failure runs again. Nothing here pins a connection of RDS
 * Proxy: no SET, no named statement, no session lock.
 */

/** How many rows a request may read or write. One of many takes more of what its credential may have at once. */
export interface Extent {
  readonly rows: number;
}

const oneRow: Extent = { rows: 1 };

/** A transaction inside one organization. It has ended when the callback has returned. */
export interface TenantTransaction {
  /** Runs a statement and answers its rows. Statements without an `await` in between travel together. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/**
 * Runs one statement and answers its rows, in one round trip.
 *
 * @example
 * const rows = await queryInTenant<Seal>(tenant, 'read', 'select … from inventory.seals limit $1', [limit]);
 */
export async function queryInTenant<Row extends pg.QueryResultRow>(
  tenant: Tenant,
  mode: TransactionMode,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  refuseClaim(tenant, mode);
  return await oneStatement(tenant, mode, { text, values });
}

/**
 * Calls a function that does the whole of a request, in one round trip. The function answers json; arguments that are
 * objects are sent as json. Under an `Idempotency-Key` a write takes effect once, and every further request gets the
 * answer of the first one.
 *
 * @example
 * const rows = entry.lines.length;
 * const posted = await callInTenant<PostedEntry>(tenant, 'write', 'inventory.post_entry', [entry], { rows });
 */
export async function callInTenant<Answer>(
  tenant: Tenant,
  mode: TransactionMode,
  functionName: `${'inventory' | 'tenancy'}.${string}`,
  args: readonly unknown[],
  { rows }: Extent = oneRow,
): Promise<Answer> {
  const effect = call(functionName, args);
  const claim = mode === 'write' ? tenant.idempotency : undefined;
  const statement = claim
    ? {
        text: `select inventory.remember_response($${args.length + 1}, ${effect}) as answer`,
        values: [...args, claim.key],
      }
    : { text: `select ${effect} as answer`, values: args };
  try {
    const [row] = await oneStatement<{ answer: Answer }>(tenant, mode, statement, { rows, claim });
    if (!row) throw new Error(`${functionName} answered no row: it must return one json, not a set`);
    return row.answer;
  } catch (error) {
    if (!claim || !isSqlError(error) || error.code !== sqlstate.alreadyAnswered) throw error;
    claim.onReplay();
    return JSON.parse(error.detail ?? 'null');
  }
}

/**
 * Calls a function that answers a list, one json an entry, in one round trip.
 *
 * @example
 * const seals = await listInTenant<Seal>(tenant, 'inventory.list_seals', [limit, before], { rows: limit });
 */
export async function listInTenant<Entry>(
  tenant: Tenant,
  functionName: `${'inventory' | 'tenancy'}.${string}`,
  args: readonly unknown[],
  extent: Extent = oneRow,
): Promise<Entry[]> {
  const statement = { text: `select ${call(functionName, args)} as entry`, values: args };
  const rows = await oneStatement<{ entry: Entry }>(tenant, 'read', statement, extent);
  return rows.map(({ entry }) => entry);
}

/** A call with a placeholder for each argument. */
function call(functionName: string, args: readonly unknown[]): string {
  return `${functionName}(${args.map((_, index) => `$${index + 1}`).join(', ')})`;
}

/**
 * Runs several statements in one transaction. For one statement, {@link queryInTenant} takes a round trip less.
 *
 * @example
 * const [seal, rows] = await inTenant(tenant, 'read', (tx) => Promise.all([tx.query(…), tx.query(…)]));
 */
export async function inTenant<T>(
  tenant: Tenant,
  mode: TransactionMode,
  work: (tx: TenantTransaction) => Promise<T>,
): Promise<T> {
  refuseClaim(tenant, mode);
  return await transaction(tenant, oneRow.rows, async (client) => {
    const pipeline = new Pipeline(client);
    pipeline.hold('begin');
    enter(pipeline, tenant, mode);
    const result = await pipeline.outcomeOf(workIn(pipeline, work));
    await pipeline.outcomeOf(end(pipeline, mode));
    noteKeyUse(pipeline, tenant);
    return result;
  });
}

async function workIn<T>(pipeline: Pipeline, work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
  let hasEnded = false;
  const tx: TenantTransaction = {
    query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
      if (hasEnded)
        throw new Error('this transaction has ended: use `tx` only inside the callback of inTenant()');
      refuseLongText(text);
      const rows = pipeline.send<Row>(text, values).then((result) => result.rows);
      // The end of the transaction reports a failure that the callback does not wait for.
      rows.catch(() => {});
      return rows;
    },
  };
  try {
    return await work(tx);
  } catch (error) {
    pipeline.flush();
    pipeline.send('rollback');
    throw error;
  } finally {
    hasEnded = true;
  }
}

/**
 * Sends one statement with everything its transaction needs, without waiting in between. A read is a transaction because
 * it is one message, and ends with that message. The end of a write is a message of its own in the same packet: after a
 * refused posting the server skips the rest of a message, and the transaction must end all the same.
 */
function oneStatement<Row extends pg.QueryResultRow>(
  tenant: Tenant,
  mode: TransactionMode,
  { text, values }: Statement,
  { rows, claim }: Extent & { readonly claim?: IdempotencyClaim | undefined } = oneRow,
): Promise<Row[]> {
  refuseLongText(text);
  return transaction(tenant, rows, async (client) => {
    const pipeline = new Pipeline(client);
    if (mode !== 'read') pipeline.hold('begin');
    enter(pipeline, tenant, mode);
    if (claim)
      pipeline.hold('select inventory.claim_idempotency_key($1, $2)', [claim.key, claim.fingerprint]);
    const answer = pipeline.send<Row>(text, values);
    const ending = mode === 'read' ? undefined : end(pipeline, mode);
    const [{ rows }] = await pipeline.outcomeOf(Promise.all([answer, ending]));
    noteKeyUse(pipeline, tenant);
    return rows;
  });
}

const share = new FairShare();

function transaction<T>(
  { credentials }: Tenant,
  rows: number,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  return share.take(lineOf(credentials), rows, () => withRetries(() => withConnection(work)));
}

/**
 * The name of the line of a credential. A user is proven already, and a key is not: with a user, more keys give no more
 * lines. A key counts with its secret: anyone who knows only its id could stand in its line.
 */
function lineOf({ key, user }: Credentials): string {
  if (user) return `user ${user.email}`;
  return key ? `key ${key.keyId} ${key.secretDigest.toString('base64')}` : '';
}

/** Only {@link callInTenant} stores a response. Any other write under a key would take effect at every repetition. */
function refuseClaim(tenant: Tenant, mode: TransactionMode): void {
  if (mode === 'write' && tenant.idempotency) {
    throw new Error(
      'the request has an Idempotency-Key, and this write would not be stored with it: use callInTenant()',
    );
  }
}

/** The longest text of a statement, in characters. RDS Proxy keeps a connection for itself after a text of 16 KiB. */
const longestText = 16_000;

/**
 * Values are sent beside the text, so no statement of the product is long. One that is has been put together from what a caller
 * sent. Postgres takes time for its parts that nothing can end: forty thousand tables in FROM take half a minute, and no
 * timeout, cancel or end of the session is looked at meanwhile.
 */
function refuseLongText(text: string): void {
  if (text.length > longestText)
    throw new Error(
      `a statement has ${text.length} characters, more than ${longestText}: send what varies as values`,
    );
}

/**
 * Proves that the caller may ask, and does nothing else.
 * @throws invalid_credentials, organization_mismatch, organization_suspended, insufficient_scope, unavailable
 */
export async function assertAccess(tenant: Tenant): Promise<void> {
  await queryInTenant(tenant, 'read', 'select');
}
