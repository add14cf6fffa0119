import type { Socket } from 'node:net';
import type pg from 'pg';
import { prepareValue } from 'pg/lib/utils.js';
import { OutcomeUnknown } from '#platform/errors.ts';
import { type RowForm, type Statement, sendBatch } from '#platform/postgres/batch.ts';
import { noted } from '#platform/postgres/connection-failures.ts';
import { isSqlError, isUndone } from '#platform/postgres/sqlstate.ts';

/**
 * Statements on one connection. They are sent in order, and none waits for the answers of those before it: what is sent
 * without an `await` in between is one round trip. After a failure, every statement up to the end of the transaction fails.
 */
export class Pipeline {
  private readonly client: pg.PoolClient;
  private readonly sent: Promise<void>[] = [];
  private held: Statement[] = [];
  private failed = false;
  private commit: Promise<pg.QueryResult> | undefined;

  constructor(client: pg.PoolClient) {
    this.client = client;
    // What is sent before the next tick leaves as one packet. The types of `pg` leave the connection out.
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    stream.cork();
    process.nextTick(() => stream.uncork());
  }

  /** Keeps a statement, and sends it in one message with the next one. Its rows are dropped; its failure is not. */
  hold(text: string, values: readonly unknown[] = []): void {
    this.held.push({ text, values });
  }

  /** Sends a statement, in one message with what is held. */
  send<Row extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
    rows?: RowForm,
  ): Promise<pg.QueryResult<Row>> {
    const answer = Promise.try(() => {
      // All values first: `pg` converts them while it writes, and one that throws would leave half a message behind.
      const prepared = values.map((value) => prepareValue(value));
      const ahead = this.held;
      this.held = [];
      return ahead.length > 0
        ? sendBatch<Row>(this.client, { ahead, statement: { text, values: prepared, rows } })
        : this.client.query<Row>({ ...rows, text, values: prepared });
    });
    // Without its rows: a long transaction would keep those of all its statements.
    const done = answer.then(() => {});
    // outcomeOf() looks for its failure. Until then the failure must not count as unhandled.
    done.catch(() => {
      this.failed = true;
    });
    this.sent.push(done);
    return answer;
  }

  /**
   * Sends what is held, if there is anything. The end of a transaction must not travel with its beginning: a refused entering
   * would skip the end, and leave the transaction open.
   */
  flush(): void {
    if (this.held.length > 0) this.send('select');
  }

  /** Sends the COMMIT of a write. */
  sendCommit(): Promise<pg.QueryResult> {
    this.commit = this.send('commit');
    return this.commit;
  }

  /** Whether a statement is known to have failed, on the server or before it was sent. */
  get hasFailed(): boolean {
    return this.failed;
  }

  /** Waits until every statement so far has succeeded. */
  async allSucceeded(): Promise<void> {
    await Promise.all(this.sent);
  }

  /**
   * The outcome of work that sends statements.
   * @throws OutcomeUnknown when the COMMIT of a write was sent and never answered; otherwise the first failure of a statement,
   *   because it caused the later ones; otherwise what the work threw
   */
  async outcomeOf<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const failure = await this.firstFailure();
      const reason = failure ? failure.reason : error;
      throw (await this.mayBeStored(reason)) ? new OutcomeUnknown(noted(reason)) : reason;
    }
  }

  /**
   * Whether the transaction may be stored although it failed. An error of the server that answers an earlier statement has
   * undone it. A lost connection fails every statement that waits for its answer, so only COMMIT's own answer counts.
   */
  async mayBeStored(firstFailure: unknown): Promise<boolean> {
    if (!this.commit) return false;
    const [answer] = await Promise.allSettled([this.commit]);
    if (answer.status === 'fulfilled') return false;
    return isSqlError(firstFailure) ? firstFailure === answer.reason && !isUndone(firstFailure) : true;
  }

  /** Waits for every answer so far. @returns the first failure, because it caused the later ones */
  async firstFailure(): Promise<PromiseRejectedResult | undefined> {
    const answers = await Promise.allSettled(this.sent);
    return answers.find((answer) => answer.status === 'rejected');
  }
}
