import { once } from 'node:events';
import { Client } from 'pg';

/** What pg sends and receives while it copies in both directions; its types leave this out. */
interface Wire extends NodeJS.EventEmitter {
  sendCopyFromChunk(chunk: Buffer): void;
  readonly stream: { destroy(): void };
}

/**
 * Connects as a standby named `lazy` that receives WAL and says that it has replayed none after a position.
 * @param lsn as Postgres writes it: `0/1A2B3C`
 */
export async function startStandby(url: string, lsn: string): Promise<{ stop(): Promise<void> }> {
  const config = { connectionString: url, application_name: 'lazy', replication: 'true' };
  const client = new Client(config);
  client.on('error', () => {});
  await client.connect();
  const { connection } = client as unknown as { connection: Wire };
  const copying = once(connection, 'replicationStart');
  client.query(`START_REPLICATION PHYSICAL ${lsn}`).catch(() => {});
  await copying;
  connection.sendCopyFromChunk(standbyStatus(lsn));
  return {
    stop: async () => {
      // Not by once(): the error of the lost connection comes first.
      const ended = new Promise((resolve) => client.once('end', resolve));
      connection.stream.destroy();
      await ended;
    },
  };
}

/** Written, flushed and replayed up to here: https://www.postgresql.org/docs/18/protocol-replication.html */
function standbyStatus(lsn: string): Buffer {
  const [high = '0', low = '0'] = lsn.split('/');
  const position = (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
  const message = Buffer.alloc(34);
  message.write('r');
  for (const offset of [1, 9, 17]) message.writeBigUInt64BE(position, offset);
  return message;
}
