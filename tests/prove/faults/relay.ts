import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What marks a request and its answer in the bytes of a connection. */
export interface Marks {
  readonly request: string;
  readonly answer: string;
}

/** The end of a transaction of Stockade, and the answer to it. */
export const commitMarks: Marks = { request: 'commit\0', answer: 'COMMIT\0' };
export const httpMarks: Marks = { request: ' HTTP/1.1', answer: 'HTTP/1.1 ' };

/**
 * The byte at which a connection breaks: before the message with the mark, inside the mark, after the request, before the
 * answer, or inside the answer.
 */
export type Point = 'before' | 'inside' | 'behind' | 'answer' | 'inside answer';
export const points: readonly Point[] = ['before', 'inside', 'behind', 'answer', 'inside answer'];

/**
 * What happens there: the connection is closed, reset, carries nothing any more although it stays open, or carries nothing
 * for a while.
 */
export type Break = 'cut' | 'reset' | 'hang' | 'delay';

export interface Plan {
  readonly how: Break;
  /** Taken in turn. */
  readonly at: readonly Point[];
  /** One of so many marked requests breaks. */
  readonly every: number;
}

/** Stands between a client and a server, and breaks connections as planned. */
export interface Relay {
  readonly port: number;
  /** The same login, database and path, through the relay. */
  through(url: string): string;
  /** From now on, until the next plan. Connections that hang stay so. */
  follow(plan: Plan | undefined): void;
  /** How many connections were broken or refused so far. */
  broken(): number;
  /** Closes every connection and refuses new ones, until `accept()`. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  close(): Promise<void>;
}

/** The type and the length of a message of Postgres come before its text. */
const headBytes = 5;
const delayMs = 900;

export async function openRelay(target: string, marks: Marks): Promise<Relay> {
  const { hostname, port: targetPort, protocol } = new URL(target);
  const sockets = new Set<Socket>();
  let plan: Plan | undefined;
  let requests = 0;
  let broken = 0;

  const isDue = (): Point | undefined => {
    if (!plan) return undefined;
    requests += 1;
    if (requests % plan.every !== 0) return undefined;
    return plan.at[Math.floor(requests / plan.every) % plan.at.length];
  };

  const serve = (client: Socket) => {
    const upstream = connect(Number(targetPort || (protocol === 'postgres:' ? 5432 : 80)), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
    }
    // It is read until the server closes it: a socket that is closed with answers unread is reset, and then the server may
    // never read what was written before.
    client.once('close', () => upstream.end());
    upstream.once('close', () => client.destroySoon());
    let isHanging = false;
    let awaited: { readonly point: Point; readonly how: Break } | undefined;

    const breakAt = (how: Break, from: Socket, to: Socket, rest: Buffer) => {
      broken += 1;
      if (how === 'hang') isHanging = true;
      else if (how === 'delay') {
        from.pause();
        setTimeout(() => {
          if (!to.destroyed) to.write(rest);
          from.resume();
        }, delayMs);
      } else {
        if (how === 'reset') client.resetAndDestroy();
        else client.destroy();
      }
    };

    client.on('data', (chunk: Buffer) => {
      if (isHanging) return;
      const mark = chunk.indexOf(marks.request, 0, 'latin1');
      const point = mark < 0 ? undefined : isDue();
      if (!plan || point === undefined) return void upstream.write(chunk);
      if (point === 'answer' || point === 'inside answer') {
        awaited = { point, how: plan.how };
        return void upstream.write(chunk);
      }
      const end =
        point === 'before' ? mark - headBytes : point === 'inside' ? mark + 3 : mark + marks.request.length;
      upstream.write(chunk.subarray(0, end));
      breakAt(plan.how, client, upstream, chunk.subarray(end));
    });
    upstream.on('data', (chunk: Buffer) => {
      if (isHanging) return;
      const mark = awaited ? chunk.indexOf(marks.answer, 0, 'latin1') : -1;
      if (!awaited || mark < 0) {
        if (!client.destroyed) client.write(chunk);
        return;
      }
      const end = awaited.point === 'answer' ? 0 : mark + 3;
      const { how } = awaited;
      awaited = undefined;
      client.write(chunk.subarray(0, end), () => breakAt(how, upstream, client, chunk.subarray(end)));
    });
  };

  let server: Server | undefined;
  const listen = async (port: number) => {
    server = createServer(serve);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const end = async () => {
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    server = undefined;
    await closed;
  };
  await listen(0);
  const { port } = (server as unknown as Server).address() as AddressInfo;
  return {
    port,
    through: (url) => Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(port) }).href,
    follow(next) {
      plan = next;
    },
    broken: () => broken,
    async refuse() {
      broken += Math.max(1, sockets.size / 2);
      await end();
    },
    accept: () => listen(port),
    close: end,
  };
}
