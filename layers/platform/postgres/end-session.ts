import { type Duplex, finished } from 'node:stream';
import { promisify } from 'node:util';
import pg from 'pg';
import { isSqlError } from './sqlstate.ts';

/**
 * Ends the session that a client has on the server, whatever it is doing.
 *
 * A statement can switch its own timeouts off and catch every cancellation, so nothing inside the session can be relied
 * on; only another session can end it for good. Where `sql/roles.sql` could take pg_terminate_backend() away from the
 * role it has taken PL/pgSQL as well, so that no statement can catch a cancellation, which needs no privilege.
 * The session is named by how long its transaction runs, not by the process the client was told: behind a proxy that is
 * the proxy's number, and may be another session's here. No transaction of this role may run that long, so whichever
 * others are found had to end as well.
 * @param longestMs what no transaction of this role may reach, in milliseconds
 * @throws what keeps a second connection from being opened
 */
export async function endSession(
  client: pg.ClientBase,
  config: pg.ClientConfig,
  longestMs: number,
): Promise<'terminated' | 'cancelled'> {
  const session = client as SessionNames;
  // The connection itself is of no use any more, and idle in a transaction the server ends without it.
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

/** What `pg` knows of a session and its types leave out. */
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

/** Sends the protocol's own cancel request. The server answers by closing the connection. */
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
