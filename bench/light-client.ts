import type { Socket } from 'node:net';
import pg from 'pg';
import { serialize } from 'pg-protocol';

export type Statement = readonly [text: string, values: readonly unknown[]];

/** A client that costs next to nothing: one buffer, made beforehand, is written again and again. */
export interface LightClient {
  /** Sends the statements and waits until the server has answered the last. @throws when it answers with an error */
  request(): Promise<void>;
  close(): void;
}

const readyForQuery = 0x5a;
const readyForQueryLength = 6;
const errorResponse = 0x45;

/** Logs in as usual, then takes the socket over. */
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
          // One Sync, so one ReadyForQuery, and nothing comes behind it.
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
