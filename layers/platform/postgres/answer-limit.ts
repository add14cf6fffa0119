import type { Duplex } from 'node:stream';
import type pg from 'pg';
import { log } from '../log.ts';

/** Parts of a `pg` client that its types do not declare. */
interface Wire {
  readonly connection: { readonly stream: Duplex; on(event: 'readyForQuery', listener: () => void): void };
}

/**
 * Ends a connection whose server sends more than `maxBytes` before it is ready for the next statement. A request needs a
 * page of rows; an injected `select` of everything would fill the memory of the process that serves others too.
 */
export function limitAnswers(client: pg.ClientBase, maxBytes: number): void {
  const { connection } = client as pg.ClientBase & Wire;
  let bytes = 0;
  connection.stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxBytes) return;
    log.error('an answer of the database was too large, and its connection was ended', { maxBytes });
    connection.stream.destroy(new Error(`the answer of the database exceeds ${maxBytes} bytes`));
  });
  connection.on('readyForQuery', () => {
    bytes = 0;
  });
}
