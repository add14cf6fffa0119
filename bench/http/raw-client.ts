import { once } from 'node:events';
import { connect } from 'node:net';

/** A request on a kept connection. @throws when the answer is not a success */
export type Exchange = (message: Buffer) => Promise<string>;

export interface RawClient {
  readonly exchange: Exchange;
  close(): void;
}

const endOfHead = Buffer.from('\r\n\r\n');

/**
 * One connection that costs the machine almost nothing: it sends bytes that are ready, and looks only for the end of the
 * answer. A client of Node would take as long as the servers that are compared.
 */
export async function openRawClient(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  await once(socket, 'connect');
  return {
    exchange: (message) =>
      new Promise((resolve, reject) => {
        const chunks: Buffer[] = [];
        const end = (error?: Error) => {
          socket.off('data', read);
          socket.off('error', end);
          socket.off('close', closed);
          const answer = Buffer.concat(chunks).toString('latin1');
          if (error || !/^HTTP\/1\.1 20\d /.test(answer)) reject(error ?? new Error(answer));
          else resolve(answer);
        };
        const closed = () => end(new Error('the server closed the connection'));
        function read(chunk: Buffer) {
          chunks.push(chunk);
          const bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks);
          const headBytes = bytes.indexOf(endOfHead);
          if (headBytes < 0) return;
          const length = Number(
            /content-length: (\d+)/i.exec(bytes.toString('latin1', 0, headBytes))?.[1] ?? 0,
          );
          if (bytes.length >= headBytes + endOfHead.length + length) end();
        }
        socket.on('data', read);
        socket.on('error', end);
        socket.on('close', closed);
        socket.write(message);
      }),
    close: () => socket.destroy(),
  };
}

/** The bytes of a request. */
export function requestOf(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body = '',
): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body ? ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`] : []),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
