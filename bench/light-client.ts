import type { Socket } from 'node:net';
import pg from 'pg';
import { serialize } from 'pg-protocol';

export type Statement = readonly [text: string, values: readonly unknown[]];

/** A client that costs almost nothing: it writes one prepared buffer again and again. */
export interface LightClient {
  /** Sends the statements and waits until the server has answered the last one. @throws when the server answers with an error */
  request(): Promise<void>;
  close(): void;
}

const readyForQuery = 0x5a;
const readyForQueryLength = 6;
const errorResponse = 0x45;

/** Logs in as usual, then uses the socket directly. */
export async function openSocket(url: string, statements: readonly Statement[]): Promise<LightClient> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.removeAllListeners('data');
  const message = Buffer.concat([
    ...statements.flatMap(([text, values]) => [
      serialize.parse({ text, name: '', types: [] }),
      serialize.bind({ values: [...values] }),
      serialize.execute({}),
    ]),
    serialize.sync(),
  ]);
  return {
    request: () =>
      new Promise((resolve, reject) => {
        stream.on('data', function read(answer: Buffer) {
          // One Sync, so there is one ReadyForQuery, and nothing follows it.
          if (answer.at(-readyForQueryLength) !== readyForQuery) return;
          stream.off('data', read);
          if (answer[0] === errorResponse) reject(new Error(answer.toString('latin1')));
          else resolve();
        });
        stream.write(message);
      }),
    close: () => stream.destroy(),
  };
}
