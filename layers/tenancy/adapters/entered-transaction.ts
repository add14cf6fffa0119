import type pg from 'pg';
import { OutcomeUnknown } from '#platform/errors.ts';
import type { RowForm } from '#platform/postgres/batch.ts';
import { isRetryable, isSqlError, toProblem } from '#platform/postgres/sqlstate.ts';
import { type TakenConnection, takeConnection } from '#platform/postgres/taken-connection.ts';
import { Refusal } from '#platform/refusal.ts';
import type { Tenant } from '../tenant.ts';
import { end } from '../transaction/ending.ts';
import { enter, noteKeyUse, type TransactionMode } from '../transaction/entering.ts';
import { Pipeline } from '../transaction/pipeline.ts';
import { controlOf } from './transaction-control.ts';

/** Who asks, and for what. An application has no `Idempotency-Key` of Stockade. */
export type Visitor = Pick<Tenant, 'credentials' | 'scope'>;

/** A statement, and the form in which a library wants its rows. */
export interface LibraryStatement extends RowForm {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The beginning of a transaction, without an isolation level or an access mode. */
const plainBegin = /^(begin|start transaction)[\s;]*$/i;

/** The commands that leave a transaction in the organization that it has entered. SET and RESET may not. */
const staysEntered = /^(SELECT|CALL|INSERT|UPDATE|DELETE|MERGE|COPY|SAVEPOINT|RELEASE|ROLLBACK|LOCK)$/;

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
  /** Whether a statement may have left the organization. */
  private mayHaveLeft = false;
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
    // From here on the connection belongs to somebody else, whose transaction a late `rollback` would undo.
    if (!this.connection) throw ended();
    const control = controlOf(statement.text);
    if (control === 'rollback') return await this.rollback();
    if (this.phase === 'opening') {
      if (plainBegin.test(statement.text)) return answered('BEGIN');
      throw new Refusal(
        `inTenant() opens the transaction itself, and the library sent first: ${statement.text}`,
        'Leave out the isolation level and the access mode; the mode of inTenant() says whether it writes.',
      );
    }
    if (this.phase === 'ending' && control === 'commit') return answered('COMMIT');
    if (this.phase === 'over' && control === 'commit') throw rolledBack();
    if (this.phase !== 'working') throw ended();
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

  private async send({ text, values, rowMode, types }: LibraryStatement): Promise<pg.QueryResult> {
    this.isOpen = true;
    const answer = await this.sending.send(text, values, { rowMode, types, queryMode: 'extended' });
    if (answer.command !== null && !staysEntered.test(answer.command)) this.mayHaveLeft = true;
    return answer;
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
    // Also what the callback has not waited for: behind a failure that a savepoint heals, COMMIT would store the rest.
    await this.sending.allSucceeded();
    if (this.mayHaveLeft) await this.requireEntered();
    await end(this.sending, this.mode);
    this.isOpen = false;
    noteKeyUse(this.sending, this.tenant);
    // Without the pipeline mode of `pg` the next user of the connection would queue after the note.
    await this.sending.firstFailure();
    this.giveBack();
  }

  /** Outside of the organization statements see no row, and COMMIT is answered as if it had stored something. */
  private async requireEntered(): Promise<void> {
    const { rows } = await this.sending.send<{ org: string | null }>('select tenancy.current_org() as org');
    if (rows[0]?.org) return;
    throw new Refusal(
      'a statement of the callback has left the organization: what came after it saw no row',
      'Leave out what sets or resets the settings of Stockade, such as reset all.',
    );
  }

  private giveBack(failure?: unknown): void {
    this.connection?.giveBack(failure);
    this.connection = undefined;
  }

  /** Undoes the transaction after a failure. @returns the error to throw */
  async abandon(error: unknown): Promise<unknown> {
    this.phase = 'over';
    // The library may have given up waiting for its connection before it came.
    await this.taking?.catch(() => {});
    const { connection } = this;
    if (!connection) return this.cause ?? error;
    const failure = await this.sending.firstFailure();
    this.cause = failure?.reason;
    // The failure comes before the server says in which state it leaves the transaction, so this is asked for in any case.
    if (this.isOpen) await connection.client.query('rollback').catch(() => {});
    this.giveBack(this.cause);
    if (isSqlError(this.cause) && refusedEntering.test(this.cause.code)) return toProblem(this.cause);
    if (await this.sending.mayBeStored(this.cause)) return new OutcomeUnknown(this.cause);
    return connection.explain(error);
  }

  /** Whether the abandoned transaction has lost to another one, and may run again. */
  get hasLost(): boolean {
    return isRetryable(this.cause);
  }
}

function ended(): Error {
  return new Error('this transaction has ended: use its handle only inside the callback of inTenant()');
}

function rolledBack(): Error {
  return new Error('the transaction was rolled back: nothing was stored');
}

/** The answer to a statement that is not sent. */
function answered(command: string): pg.QueryResult {
  return { command, rowCount: null, oid: 0, fields: [], rows: [] };
}
