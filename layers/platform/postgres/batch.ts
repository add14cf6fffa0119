import pg from 'pg';
import { prepareValue } from 'pg/lib/utils.js';

/** A statement and its bind parameters. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Statements that are sent as one message. Each is unnamed. */
export interface Message {
  readonly ahead: readonly Statement[];
  /** The one whose answer is of interest. */
  readonly statement: Statement;
}

/**
 * Sends statements with one Sync behind the last: where no transaction is open they are one. After one that fails the server
 * skips the rest, and the promise is rejected with that failure.
 * @see https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 *
 * A client of `pg` pipelines by itself, but with a Sync behind every statement: each makes the server send what it has,
 * and wakes this process to read it.
 */
export function sendBatch<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  message: Message,
): Promise<pg.QueryResult<Row>> {
  return new Promise((resolve, reject) => {
    client.query(
      new Batch(message, (error, result) => (error ? reject(error) : resolve(result as pg.QueryResult<Row>))),
    );
  });
}

/** The messages of the protocol, by the names `pg` has for them; its types leave them out. */
interface Messages {
  parse(message: { readonly text: string; readonly name: string }): void;
  bind(message: {
    readonly values: readonly unknown[];
    readonly valueMapper: (value: unknown) => unknown;
  }): void;
  describe(message: { readonly type: 'P'; readonly name: string }): void;
  execute(message: { readonly portal: string }): void;
  sync(): void;
}

/** What `pg` calls of a query while its answer arrives; its types leave it out. */
interface Receiver {
  prepare(connection: Messages): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Messages): void;
}

const QueryOfPg = pg.Query as unknown as new (
  config: pg.QueryConfig,
  callback: (error: Error | undefined, result: unknown) => void,
) => pg.Query & Receiver;

/** A query of `pg` with others around it. They are not described, so all they answer is that they are done. */
class Batch extends QueryOfPg {
  private readonly message: Message;
  private done = 0;

  constructor(message: Message, callback: (error: Error | undefined, result: unknown) => void) {
    const { text, values } = message.statement;
    super({ text, values: [...values], queryMode: 'extended' } as pg.QueryConfig, callback);
    this.message = message;
  }

  override prepare(connection: Messages): void {
    const { ahead, statement } = this.message;
    for (const each of ahead) send(connection, each, 'undescribed');
    send(connection, statement, 'described');
    connection.sync();
  }

  override handleDataRow(message: unknown): void {
    if (this.done === this.message.ahead.length) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: Messages): void {
    if (this.done === this.message.ahead.length) super.handleCommandComplete(message, connection);
    this.done += 1;
  }
}

function send(connection: Messages, { text, values }: Statement, answer: 'described' | 'undescribed'): void {
  connection.parse({ text, name: '' });
  connection.bind({ values, valueMapper: prepareValue });
  if (answer === 'described') connection.describe({ type: 'P', name: '' });
  connection.execute({ portal: '' });
}
