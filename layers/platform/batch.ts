import pg from 'pg';
import { prepareValue } from 'pg/lib/utils.js';

/** A statement and its bind parameters. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * Sends statements as one message with one Sync behind the last, and answers what the last one answers. Each is unnamed.
 * After one that fails the server skips the rest, and the promise is rejected with that failure.
 *
 * A client of `pg` pipelines by itself, but with a Sync behind every statement: each makes the server send what it has,
 * and wakes this process to read it.
 */
export function sendBatch<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  ahead: readonly Statement[],
  last: Statement,
): Promise<pg.QueryResult<Row>> {
  return new Promise((resolve, reject) => {
    client.query(
      new Batch(ahead, last, (error, result) =>
        error ? reject(error) : resolve(result as pg.QueryResult<Row>),
      ),
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
  execute(message: { readonly portal: string }): void;
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

/** A query of `pg` that has others ahead of it. They are not described, so all they answer is that they are done. */
class Batch extends QueryOfPg {
  private readonly ahead: readonly Statement[];
  private done = 0;

  constructor(
    ahead: readonly Statement[],
    { text, values }: Statement,
    callback: (error: Error | undefined, result: unknown) => void,
  ) {
    super({ text, values: [...values], queryMode: 'extended' } as pg.QueryConfig, callback);
    this.ahead = ahead;
  }

  override prepare(connection: Messages): void {
    for (const { text, values } of this.ahead) {
      connection.parse({ text, name: '' });
      connection.bind({ values, valueMapper: prepareValue });
      connection.execute({ portal: '' });
    }
    super.prepare(connection);
  }

  override handleDataRow(message: unknown): void {
    if (this.done >= this.ahead.length) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: Messages): void {
    if (this.done >= this.ahead.length) super.handleCommandComplete(message, connection);
    this.done += 1;
  }
}
