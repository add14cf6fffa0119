import pg from 'pg';
import { prepareValue } from 'pg/lib/utils.js';

/** A statement and its bind parameters. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** The form of the rows in the answer; objects, as `pg` parses them, when it is left out. */
  readonly rows?: RowForm | undefined;
}

/** How `pg` shall send one statement and return its rows. */
export interface RowForm {
  readonly rowMode?: 'array' | undefined;
  readonly types?: pg.CustomTypesConfig | undefined;
  /** Makes the server refuse a text of several statements. It does so in any case for one with values. */
  readonly queryMode?: 'extended' | undefined;
}

/** Statements that are sent as one message. All of them are unnamed. */
export interface Message {
  readonly ahead: readonly Statement[];
  /** The statement whose answer is returned. */
  readonly statement: Statement;
}

/**
 * Sends statements with one Sync after the last. Unless a transaction is already open, they are one transaction. When a
 * statement fails, the server skips the rest, and the promise is rejected with that failure.
 * @see https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 *
 * A client of `pg` pipelines by itself, but with a Sync after every statement. Each Sync makes the server send its
 * answers so far, and wakes this process to read them.
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

/** The messages of the protocol, by `pg`'s names. `pg` does not declare them in its types. */
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

/** The methods of a query that `pg` calls while its answer arrives. `pg` does not declare them in its types. */
interface Receiver {
  prepare(connection: Messages): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Messages): void;
}

const QueryOfPg = pg.Query as unknown as new (
  config: pg.QueryConfig,
  callback: (error: Error | undefined, result: unknown) => void,
) => pg.Query & Receiver;

/** A query of `pg` that sends other statements first. Those are not described, so each answers only that it is done. */
class Batch extends QueryOfPg {
  private readonly message: Message;
  private done = 0;

  constructor(message: Message, callback: (error: Error | undefined, result: unknown) => void) {
    const { text, values, rows } = message.statement;
    super({ ...rows, text, values: [...values], queryMode: 'extended' } as pg.QueryConfig, callback);
    this.message = message;
  }

  override prepare(connection: Messages): void {
    // All values first: one that cannot be converted must throw before anything of the message is sent. Without its Sync,
    // the next message on the connection would join this transaction.
    const ahead = this.message.ahead.map(prepared);
    const statement = prepared(this.message.statement);
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
  connection.bind({ values, valueMapper: (value) => value });
  if (answer === 'described') connection.describe({ type: 'P', name: '' });
  connection.execute({ portal: '' });
}

/** A statement whose values are converted to what is sent. @throws what the conversion of a value throws */
function prepared({ text, values }: Statement): Statement {
  return { text, values: values.map((value) => prepareValue(value)) };
}
