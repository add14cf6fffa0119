import type { Socket } from 'node:net';
import type pg from 'pg';
import { type Statement, sendBatch } from '#platform/postgres/batch.ts';
import { withConnection } from '#platform/postgres/database.ts';
import { isRetryable, isSqlError, sqlstate } from '#platform/postgres/sqlstate.ts';
import type { Scope } from './credentials/api-keys.ts';
import { KeyUse } from './credentials/key-use.ts';
import type { Credentials } from './resolution.ts';

/** Who asks for what: the only thing from which a transaction can enter an organization. */
export interface Tenant {
  readonly credentials: Credentials;
  /** The scope that the route needs; the database checks that the credential carries it. */
  readonly scope: Scope;
  /** Set when the request carries an `Idempotency-Key`; its effect and its response are then stored together. */
  readonly idempotency?: IdempotencyClaim;
}

export interface IdempotencyClaim {
  readonly key: string;
  /** SHA-256 of what was asked: another request under the same key is refused. */
  readonly fingerprint: Buffer;
  /** Called when the answer is the stored one of an earlier request. */
  readonly onReplay: () => void;
}

/** A transaction inside one organization. Dead once the callback has returned. */
export interface TenantTransaction {
  /** Runs a statement and answers its rows. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /**
   * Calls a function of the ledger that does the whole of a request and returns its answer as json.
   * Under an `Idempotency-Key` it takes effect once and every further request gets the first one's answer.
   * Arguments of objects are passed as json.
   */
  call<Answer>(
    functionName: `${'inventory' | 'tenancy'}.${string}`,
    args: readonly unknown[],
  ): Promise<Answer>;
}

export type TransactionMode =
  | 'read'
  | 'write'
  /** Does everything a write does, answers, and undoes it. */
  | 'dry-run';

const keyUse = new KeyUse();

/** Attempts at a transaction that loses to a deadlock or a serialization failure. */
const maxAttempts = 4;

/**
 * The only way to a tenant's rows: enters the organization, does the work, commits.
 *
 * A callback that returns the very promise of its statement (`tx => tx.query(…)`) costs one round trip: the entering and
 * the statement travel together, and with a write what begins and ends its transaction; a read is one by being one message.
 * Under RDS Proxy nothing here pins the connection: no SET, no named statement, no session lock.
 *
 * @throws Unavailable when the database cannot be reached
 * @throws whatever the database refuses: see `sqlstate.ts`
 */
export async function inTenant<T>(
  tenant: Tenant,
  mode: TransactionMode,
  work: (tx: TenantTransaction) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withConnection((client) => transaction(client, tenant, mode, work));
    } catch (error) {
      if (isSqlError(error) && error.code === sqlstate.alreadyAnswered && tenant.idempotency) {
        tenant.idempotency.onReplay();
        return JSON.parse(error.detail ?? 'null') as T;
      }
      if (attempt >= maxAttempts || !isRetryable(error)) throw error;
    }
  }
}

async function transaction<T>(
  client: pg.PoolClient,
  tenant: Tenant,
  mode: TransactionMode,
  work: (tx: TenantTransaction) => Promise<T>,
): Promise<T> {
  const pipeline = new Pipeline(client);
  const claim = mode === 'write' ? tenant.idempotency : undefined;
  let alive = true;
  let latest: Promise<unknown> | undefined;

  function statement<Row extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[],
  ): Promise<Row[]> {
    if (!alive)
      throw new Error('this transaction has ended: use `tx` only inside the callback of inTenant()');
    const rows = pipeline.send<Row>(text, values).then((result) => result.rows);
    latest = rows;
    return rows;
  }

  const tx: TenantTransaction = {
    query: (text, values = []) => statement(text, values),
    call(functionName, args) {
      const effect = `${functionName}(${args.map((_, index) => `$${index + 1}`).join(', ')})`;
      const rows = claim
        ? statement(`select inventory.remember_response($${args.length + 1}, ${effect}) as answer`, [
            ...args,
            claim.key,
          ])
        : statement(`select ${effect} as answer`, args);
      const answer = rows.then(([row]) => row?.answer);
      latest = answer;
      return answer;
    },
  };

  pipeline.begin();
  enter(pipeline, tenant, { readOnly: mode === 'read' });
  if (claim) pipeline.hold('select inventory.claim_idempotency_key($1, $2)', [claim.key, claim.fingerprint]);

  const ending = mode === 'dry-run' ? 'rollback' : 'commit';
  let hasEnded = false;
  const end = async () => {
    hasEnded = true;
    const { command } = await pipeline.send(ending);
    // A failed transaction answers COMMIT with ROLLBACK, and the client reports that as success.
    if (command.toLowerCase() !== ending) throw new Error(`the database answered ${ending} with ${command}`);
  };
  try {
    const working = work(tx);
    // Nothing can follow a statement whose own promise was returned. A read is then a transaction by being one message, and
    // ends with it. Behind a write its end travels along, with a Sync of its own, which ends the transaction of a refused
    // posting too: the server skips what stands behind a failure only up to the next Sync.
    const isWhole = working === latest;
    hasEnded = isWhole && mode === 'read' && pipeline.releaseWhole();
    pipeline.release();
    const ended = isWhole && !hasEnded ? end() : undefined;
    ended?.catch(() => {});
    const result = await working;
    alive = false;
    if (ended) await ended;
    else if (!hasEnded) await end();
    noteKeyUse(pipeline, tenant);
    return result;
  } catch (error) {
    if (!hasEnded) pipeline.send('rollback');
    throw (await pipeline.firstFailure()) ?? error;
  } finally {
    alive = false;
  }
}

/** What was sent on one connection, in order. All of it is answered, what stands behind a failure with its echo. */
class Pipeline {
  private readonly client: pg.PoolClient;
  private readonly sent: Promise<unknown>[] = [];
  private beginning: Statement[] = [];
  private held: Statement[] = [];
  private stays = true;
  private releaseFirst: ((beginning: readonly Statement[]) => void) | undefined;

  constructor(client: pg.PoolClient) {
    this.client = client;
    // What is sent without waiting in between leaves as one packet.
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    stream.cork();
    process.nextTick(() => stream.uncork());
  }

  /** Has the next message begin a transaction. */
  begin(): void {
    this.beginning = [{ text: 'begin', values: [] }];
  }

  /** Keeps a statement to send it in one message with the next one. Only its failure is of interest. */
  hold(text: string, values: readonly unknown[] = []): void {
    this.held.push({ text, values });
  }

  /**
   * Sends a statement without waiting for the answers of those before it. The first one stays until it is released, or
   * until there is another one.
   */
  send<Row extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<pg.QueryResult<Row>> {
    const stays = this.stays;
    this.release();
    const statement = { text, values };
    const held = this.held;
    this.held = [];
    const answer =
      held.length > 0
        ? new Promise<pg.QueryResult<Row>>((resolve) => {
            this.releaseFirst = (beginning) =>
              resolve(sendBatch<Row>(this.client, { ahead: [...beginning, ...held], statement }));
            if (!stays) this.release();
          })
        : this.client.query<Row>({ text, values: [...values] });
    // Its failure is looked for in firstFailure(); until then it must not count as unhandled.
    answer.catch(() => {});
    this.sent.push(answer);
    return answer;
  }

  /** Sends what stays, with the beginning of the transaction and what is held ahead of it. */
  release(): void {
    this.stays = false;
    const { releaseFirst, beginning } = this;
    if (!releaseFirst) return;
    this.releaseFirst = undefined;
    this.beginning = [];
    releaseFirst(beginning);
  }

  /** Sends what stays as a transaction that is over with it. False when nothing stays, because there was more to send. */
  releaseWhole(): boolean {
    if (!this.releaseFirst) return false;
    this.beginning = [];
    this.release();
    return true;
  }

  /** Waits for every answer; the first failure is the reason for those behind it. */
  async firstFailure(): Promise<unknown> {
    this.release();
    const outcomes = await Promise.allSettled(this.sent);
    return outcomes.find((outcome) => outcome.status === 'rejected')?.reason;
  }
}

/**
 * Tells the database now and then that the key is in use: in a transaction of its own behind the one of the request,
 * whose answer nobody waits for. A note that is lost is made up for by a later one.
 */
function noteKeyUse(pipeline: Pipeline, { credentials, scope }: Tenant): void {
  const { key } = credentials;
  if (!key || !keyUse.isDue(key.keyId)) return;
  pipeline.begin();
  enter(pipeline, { credentials: { key, selectors: [] }, scope }, { readOnly: false });
  pipeline.send('select tenancy.note_key_use()');
  pipeline.send('commit');
}

/** With a key and a user both are asked: the second may only enter where the first has, and with what both allow. */
function enter(
  pipeline: Pipeline,
  { credentials, scope }: Tenant,
  { readOnly }: { readonly readOnly: boolean },
): void {
  const { key, user, selectors } = credentials;
  if (!key && !user)
    throw new Error('these credentials prove nothing: resolve() makes none without key and user');
  if (key) {
    pipeline.hold('call tenancy.enter_with_key($1, $2, $3, $4, $5)', [
      key.keyId,
      key.secretDigest,
      scope,
      selectors,
      readOnly,
    ]);
  }
  if (user) {
    pipeline.hold('call tenancy.enter_with_pass($1, $2, $3, $4)', [user.pass, scope, selectors, readOnly]);
  }
}

/**
 * Proves that the caller may ask, and does nothing else.
 * @throws invalid_credentials, organization_mismatch, organization_suspended, insufficient_scope, unavailable
 */
export async function assertAccess(tenant: Tenant): Promise<void> {
  await inTenant({ ...tenant, idempotency: undefined }, 'read', (tx) => tx.query('select'));
}
