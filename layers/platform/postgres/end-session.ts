import { type Duplex, finished } from 'node:stream';
import { promisify } from 'node:util';
import pg from 'pg';
import { isSqlError } from './sqlstate.ts';

/**
 * Ends a client's session on the server, whatever state it is in.
 *
 * A statement can switch off its own timeouts and catch every cancellation, so only another session can end it for
 * certain. `sql/roles.sql` may have taken pg_terminate_backend() away from this role. In that case it has taken PL/pgSQL
 * away too, so no statement can catch a cancellation, and a cancellation needs no privilege.
 * The session is found by the age of its transaction, not by the process id that the client received: behind a proxy,
 * that id is the proxy's and may be another session's on this server. No transaction of this role may become so old, so
 * every session found this way has exceeded its time too.
 * @param longestMs the age, in milliseconds, that no transaction of this role may reach
 * @throws the error of the second connection when it cannot be opened
 */
export async function endSession(
  client: pg.ClientBase,
  config: pg.ClientConfig,
  longestMs: number,
): Promise<'terminated' | 'cancelled'> {
  const session = client as SessionNames;
  // The connection is of no further use. If its session is idle in a transaction, the server now ends it.
  session.connection.stream.destroy();
  const second = new pg.Client(config);
  second.on('error', () => {});
  await second.connect();
  try {
    const { rowCount } = await second.query(
      `select pg_terminate_backend(pid)
       from pg_stat_activity
       where datname = current_database()
         and usename = current_user
         and xact_start <= clock_timestamp() - $1 * interval '1 millisecond'`,
      [longestMs],
    );
    if (rowCount) return 'terminated';
  } catch (error) {
    if (!isSqlError(error) || error.code !== '42501') throw error;
  } finally {
    await second.end();
  }
  await cancel(session, config);
  return 'cancelled';
}

/** Properties of a `pg` client that its types do not declare. */
type SessionNames = pg.ClientBase & {
  readonly host: string;
  readonly port: number;
  readonly processID: number;
  readonly secretKey: number;
  readonly connection: { readonly stream: Duplex };
};

type CancelConnection = pg.Connection & {
  connect(port: number, host: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
};

/** Sends a cancel request of the protocol. The server answers by closing the connection. */
async function cancel(
  { host, port, processID, secretKey }: SessionNames,
  config: pg.ClientConfig,
): Promise<void> {
  const connection = new pg.Connection({ ssl: config.ssl }) as CancelConnection;
  connection.once('connect', () =>
    config.ssl ? connection.requestSsl() : connection.cancel(processID, secretKey),
  );
  connection.once('sslconnect', () => connection.cancel(processID, secretKey));
  connection.on('error', () => {});
  connection.connect(port, host);
  await promisify(finished)(connection.stream).catch(() => {});
}
