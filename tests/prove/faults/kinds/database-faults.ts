import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { asSuperuser } from '../../clone.ts';
import { type Fault, needsServer, serverOf } from '../fault.ts';

/** Longer than the deadline of a request. */
const frozenMs = 4_500;
const downMs = 400;

export const databaseFaults: readonly Fault[] = [
  {
    name: 'sessions ended',
    does: 'ends every session of the API (pg_terminate_backend), again and again',
    async strike({ adminUrl }, signal) {
      let times = 0;
      for (let turn = 0; turn < 8; turn += 1) {
        times += await asSuperuser(adminUrl, (client) => endSessions(client));
        await delay(200, undefined, { signal });
      }
      return { times };
    },
  },
  {
    name: 'session killed',
    does: 'kills a session at work with -9, three times: Postgres then restarts all of them',
    cannot: needsServer,
    async strike(attacked, signal) {
      const server = serverOf(attacked);
      let times = 0;
      for (let turn = 0; turn < 400 && times < 3; turn += 1) {
        const killed = await server.killSessions('stockade_api').catch(() => 0);
        times += killed;
        await delay(killed > 0 ? 900 : 5, undefined, { signal });
      }
      return { times };
    },
  },
  {
    name: 'server killed',
    does: 'kills every process of Postgres with -9, and starts it again',
    cannot: needsServer,
    async strike(attacked, signal) {
      const server = serverOf(attacked);
      await server.kill();
      await delay(downMs, undefined, { signal });
      await server.ensureRunning();
      return { times: 1 };
    },
  },
  {
    name: 'server restarted',
    does: 'stops Postgres in order, and starts it again',
    cannot: needsServer,
    async strike(attacked) {
      const server = serverOf(attacked);
      await server.cluster.stop();
      await server.ensureRunning();
      return { times: 1 };
    },
  },
  {
    name: 'server frozen',
    does: 'stops every process of Postgres (SIGSTOP) for longer than a request may take',
    cannot: needsServer,
    async strike(attacked, signal) {
      const goOn = serverOf(attacked).freeze();
      try {
        await delay(frozenMs, undefined, { signal });
      } finally {
        goOn();
      }
      return { times: 1 };
    },
  },
  {
    name: 'no connections left',
    does: 'takes every connection of the server, and those of the API too',
    cannot: needsServer,
    async strike({ adminUrl }, signal) {
      const held = await takeAllConnections(adminUrl);
      await delay(2_000, undefined, { signal }).finally(() =>
        Promise.all(held.map((client) => client.end())),
      );
      return { times: held.length };
    },
  },
  {
    name: 'disk full',
    does: 'leaves the files and the log of Postgres no room, on a small file system of its own',
    cannot: (server) => (server ? server.noDisk : 'it needs a server of its own'),
    async strike(attacked, signal) {
      const server = serverOf(attacked);
      let times = 0;
      try {
        // A checkpoint makes room again.
        for (let turn = 0; turn < 10; turn += 1) {
          await server.fillDisk();
          if (!(await canStore(attacked.adminUrl))) times += 1;
          await delay(250, undefined, { signal });
        }
      } finally {
        await server.makeRoom();
      }
      await server.ensureRunning();
      return { times };
    },
  },
];

/** Whether the server can store a megabyte that does not compress. */
async function canStore(adminUrl: string): Promise<boolean> {
  const statement = `
    create table public.room as select md5(n::text) as text from generate_series(1, 20000) n;
    drop table public.room`;
  return await asSuperuser(adminUrl, (client) => client.query(statement)).then(
    () => true,
    () => false,
  );
}

async function endSessions(client: Client): Promise<number> {
  const { rowCount } = await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'stockade_api'`,
  );
  return rowCount ?? 0;
}

/** Holds the connections that are free, ends those of the API, and holds what that has freed. */
async function takeAllConnections(adminUrl: string): Promise<Client[]> {
  const held: Client[] = [];
  for (const count of [60, 20, 20]) {
    const connected = await Promise.all(Array.from({ length: count }, () => connect(adminUrl)));
    held.push(...connected.filter((client) => client !== undefined));
    const [first] = held;
    if (first) await endSessions(first);
  }
  return held;
}

async function connect(url: string): Promise<Client | undefined> {
  const client = new Client(url);
  client.on('error', () => {});
  return await client.connect().then(
    () => client,
    () => undefined,
  );
}
