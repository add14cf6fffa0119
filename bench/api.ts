import { Client } from 'pg';
import { environment } from '#platform/environment.ts';
import { log } from '#platform/log.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { addApiKey } from '#tenancy/organizations.ts';
import { type Bench, type Comparison, compare, expected, type Load } from './bench.ts';
import { execute, startServer } from './database.ts';
import { makeLedger } from './history.ts';
import { openRawClient, type RawClient, requestOf } from './http/raw-client.ts';
import { startServerProcess } from './http/server-process.ts';

/** The table of movements without what makes it a ledger: the same columns and indexes. */
const bareMovements = `
  create schema bare;
  create table bare.movements (like inventory.movements including indexes)`;

const items = 1_000;
const places = 10;
const keyEnvironment = 'bench';
const target = 1 / 0.6;
const warmUpMs = 5_000;

export const api: Bench = {
  name: 'api',
  summary:
    'The API end to end over kept connections, compared with an HTTP server of Node and named statements',
  expect: (options) => expected(6, options, 30),
  async *run(options): AsyncGenerator<Comparison> {
    const server = await startServer();
    try {
      const adminUrl = await server.createDatabase('api');
      const { orgId, apiKey } = await prepare(adminUrl);
      const settings = {
        [environment.databaseUrl]: loginUrl(adminUrl, 'stockade_api'),
        [environment.databaseMaxConnections]: '20',
        [environment.keyEnvironment]: keyEnvironment,
      };
      const stockade = await startServerProcess('api-server.ts', settings);
      const bare = await startServerProcess('bare-server.ts', { BENCH_DATABASE_URL: adminUrl }, [orgId]);
      try {
        const layers = await layersAt(stockade.url, settings, apiKey);
        for (const [what, make] of Object.entries({ 'balance of an item': readOf, posting: postOf })) {
          await warmUp(stockade.url, () => make({ 'x-api-key': apiKey }));
          for (const connections of [1, 16, 64]) {
            await using subject = await clientsOf(stockade.url, connections, () =>
              make({ 'x-api-key': apiKey }),
            );
            await using reference = await clientsOf(bare.url, connections, () => make({}));
            yield await compare(
              {
                name: `${what}, ${connections} connection${connections > 1 ? 's' : ''}`,
                subject: 'the gateway, the function and the ledger',
                reference: 'an HTTP server of Node and a named statement, without wall and ledger',
                target,
                ...(make === readOf && connections === 1 && { detail: [layers] }),
              },
              { subject: subject.load, reference: reference.load },
              options,
            );
          }
        }
      } finally {
        await bare.stop();
        await stockade.stop();
      }
    } finally {
      await server.stop();
    }
  },
};

/** Where the time of a read goes. It runs in this process too, with the same settings. */
async function layersAt(
  url: string,
  settings: Readonly<Record<string, string>>,
  apiKey: string,
): Promise<string> {
  Object.assign(process.env, settings);
  // Every request of this process would write a line. The log has read its settings already.
  log.setLogLevel('SILENT');
  const client = await openRawClient(url);
  try {
    const { layersOfRead } = await import('./http/layers.ts');
    const read = requestOf('GET', '/v1/items/S1/balance', { 'x-api-key': apiKey });
    return await layersOfRead({ apiKey, keyEnvironment, sku: 'S1' }, () => client.exchange(read));
  } finally {
    client.close();
    await closeDatabase();
  }
}

async function prepare(adminUrl: string): Promise<{ readonly orgId: string; readonly apiKey: string }> {
  const ledger = await makeLedger(adminUrl, 'bench', items);
  await ledger.post(100_000, items);
  await execute(adminUrl, bareMovements);
  await execute(adminUrl, 'vacuum analyze');
  const admin = new Client(loginUrl(adminUrl, 'stockade_admin'));
  await admin.connect();
  const key = { name: 'bench', scopes: ['read', 'write'] } as const;
  const apiKey = await addApiKey(admin, ledger.orgId, { ...key, scopes: [...key.scopes] }, keyEnvironment);
  await admin.end();
  return { orgId: ledger.orgId, apiKey };
}

function readOf(headers: Readonly<Record<string, string>>): Buffer {
  return requestOf('GET', `/v1/items/${anyItem()}/balance`, headers);
}

function postOf(headers: Readonly<Record<string, string>>): Buffer {
  const line = { sku: anyItem(), location: `L${1 + Math.floor(Math.random() * places)}`, quantity: 1 };
  return requestOf('POST', '/v1/movements', headers, JSON.stringify({ kind: 'receipt', lines: [line] }));
}

function anyItem(): string {
  return `S${1 + Math.floor(Math.random() * items)}`;
}

/** The functions of a chain are compiled only after some thousand calls, those of a bare server after a few hundred. */
async function warmUp(url: string, message: () => Buffer): Promise<void> {
  await using clients = await clientsOf(url, 16, message);
  await clients.load(warmUpMs);
}

/** A load of clients that each send one request after the other on their own connection. */
async function clientsOf(url: string, connections: number, message: () => Buffer) {
  const opened: RawClient[] = [];
  for (let open = 0; open < connections; open += 1) opened.push(await openRawClient(url));
  const load: Load = async (durationMs) => {
    const deadline = performance.now() + durationMs;
    let requests = 0;
    await Promise.all(
      opened.map(async ({ exchange }) => {
        for (; performance.now() < deadline; requests += 1) await exchange(message());
      }),
    );
    return requests;
  };
  return {
    load,
    async [Symbol.asyncDispose]() {
      for (const client of opened) client.close();
    },
  };
}
