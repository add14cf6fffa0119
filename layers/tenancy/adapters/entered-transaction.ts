import type pg from 'pg';
import type { RowForm } from '#platform/postgres/batch.ts';
import { isRetryable, isSqlError, toProblem } from '#platform/postgres/sqlstate.ts';
import { type TakenConnection, takeConnection } from '#platform/postgres/taken-connection.ts';
import { Refusal } from '#platform/refusal.ts';
import { end } from '../ending.ts';
import { enter, noteKeyUse, type TransactionMode } from '../entering.ts';
import { Pipeline } from '../pipeline.ts';
import type { Tenant } from '../tenant.ts';

/** Who asks, and for what. An application has no `Idempotency-Key` of Stockade. */
export type Visitor = Pick<Tenant, 'credentials' | 'scope'>;

/** A statement, and the form in which a library wants its rows. */
export interface LibraryStatement extends RowForm {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What a refused entering raises. Statements of the application keep the errors of their library. */
const refusedEntering = /^SK10[1-6]$/;

/**
 * The transaction of one call of inTenant(). The library believes that it opens and ends the transaction itself, but its
 * own `begin` and `commit` stay here: the entering must travel with the beginning, and the answer to COMMIT must be read.
 */
export class EnteredTransaction {
  private readonly tenant: Visitor;
  private readonly mode: TransactionMode;
  private phase: 'opening' | 'working' | 'ending' | 'over' = 'opening';
  private connection: TakenConnection | undefined;
  private pipeline: Pipeline | undefined;
  private taking: Promise<pg.PoolClient> | undefined;
  /** Whether the server may be inside the transaction. */
  private isOpen = false;
  private cause: unknown;

  constructor(tenant: Visitor, mode: TransactionMode) {
    this.tenant = tenant;
    this.mode = mode;
  }

  /** Takes the one connection of the transaction. */
  async take(pool: pg.Pool): Promise<pg.PoolClient> {
    if (this.taking)
      throw new Refusal('one call of inTenant() takes one connection, and the library asks for another');
    this.taking = this.begin(pool);
    return await this.taking;
  }

  private async begin(pool: pg.Pool): Promise<pg.PoolClient> {
    try {
      this.connection = await takeConnection(pool);
      this.pipeline = new Pipeline(this.connection.client);
      this.pipeline.hold('begin');
      enter(this.pipeline, this.tenant, this.mode);
      return this.connection.client;
    } catch (error) {
      // The library may wrap it.
      this.cause = error;
      throw error;
    }
  }

  /** Runs the callback. Only meanwhile does the handle of the library work. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (!this.connection)
      throw new Refusal(
        'inTenant() was given a client that takes no connection of a tenantPool()',
        'Build the client on tenantPool(pool), and do not call inTenant() inside a transaction.',
      );
    this.phase = 'working';
    try {
      return await work();
    } finally {
      if (this.phase === 'working') this.phase = 'ending';
    }
  }

  /** What the library sends on the connection that it was lent. */
  async query(statement: LibraryStatement): Promise<pg.QueryResult> {
    const control = /^(begin|start transaction|commit|rollback)$/i
      .exec(statement.text.trim())?.[1]
      ?.toLowerCase();
    if (control === 'rollback') return await this.rollback();
    if (this.phase === 'opening') {
      if (control === 'begin' || control === 'start transaction') return answered('BEGIN');
      throw new Refusal(
        `inTenant() opens the transaction itself, and the library sent first: ${statement.text}`,
        'Leave out the isolation level and the access mode; the mode of inTenant() says whether it writes.',
      );
    }
    if (this.phase === 'ending' && control === 'commit') return answered('COMMIT');
    if (this.phase === 'over' && control === 'commit') throw rolledBack();
    if (this.phase !== 'working')
      throw new Error('this transaction has ended: use its handle only inside the callback of inTenant()');
    if (control === 'commit')
      throw new Refusal('inTenant() ends the transaction itself, when its callback returns');
    return await this.send(statement);
  }

  private async rollback(): Promise<pg.QueryResult> {
    this.phase = 'over';
    if (!this.isOpen) return answered('ROLLBACK');
    const answer = await this.send({ text: 'rollback', values: [] });
    this.isOpen = false;
    return answer;
  }

  private send({ text, values, rowMode, types }: LibraryStatement): Promise<pg.QueryResult> {
    this.isOpen = true;
    return this.sending.send(text, values, { rowMode, types });
  }

  private get sending(): Pipeline {
    if (!this.pipeline) throw new Error('the transaction has no connection yet');
    return this.pipeline;
  }

  /** Ends the transaction after the library has done so on its side. */
  async finish(): Promise<void> {
    if (this.phase === 'over') throw rolledBack();
    this.phase = 'over';
    this.isOpen = true;
    await end(this.sending, this.mode);
    this.isOpen = false;
    noteKeyUse(this.sending, this.tenant);
    // Without the pipeline mode of `pg` the next user of the connection would queue after the note.
    await this.sending.firstFailure();
    this.connection?.giveBack(undefined);
  }

  /** Undoes the transaction after a failure. @returns the error to throw */
  async abandon(error: unknown): Promise<unknown> {
    this.phase = 'over';
    // The library may have given up waiting for its connection before it came.
    await this.taking?.catch(() => {});
    if (!this.connection) return this.cause ?? error;
    const failure = await this.sending.firstFailure();
    this.cause = failure?.reason;
    // The failure comes before the server says in which state it leaves the transaction, so this is asked for in any case.
    if (this.isOpen) await this.connection.client.query('rollback').catch(() => {});
    this.connection.giveBack(this.cause);
    if (isSqlError(this.cause) && refusedEntering.test(this.cause.code)) return toProblem(this.cause);
    return this.connection.explain(error);
  }

  /** Whether the abandoned transaction has lost to another one, and may run again. */
  get hasLost(): boolean {
    return isRetryable(this.cause);
  }
}

function rolledBack(): Error {
  return new Error('the transaction was rolled back: nothing was stored');
}

/** The answer to a statement that is not sent. */
function answered(command: string): pg.QueryResult {
  return { command, rowCount: null, oid: 0, fields: [], rows: [] };
}
