import { Client } from 'pg';
import { environment } from '#platform/environment.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { addApiKey } from '#tenancy/organizations.ts';
import { type Bench, type Comparison, compare, expected, type Load } from './bench.ts';
import { startServer } from './database.ts';
import { makeLedger } from './history.ts';
import { openRawClient, requestOf } from './http/raw-client.ts';
import { startServerProcess } from './http/server-process.ts';

const items = 1_000;
const keyEnvironment = 'bench';
/** What the other organization sends with, more than it may have at once. */
const noisyConnections = 40;
const quietConnections = 4;
const entryLines = 1_000;

/** What the other organization sends, each as heavy as it may be. */
const noises: Readonly<Record<string, (headers: Readonly<Record<string, string>>, turn: number) => Buffer>> =
  {
    [`posts entries of ${entryLines.toLocaleString('en')} lines`]: (headers) => {
      const lines = Array.from({ length: entryLines }, () => ({
        sku: anyItem(),
        location: 'L1',
        quantity: 1,
      }));
      return requestOf('POST', '/v1/movements', headers, JSON.stringify({ kind: 'receipt', lines }));
    },
    'reads the longest pages': (headers, turn) =>
      requestOf(
        'GET',
        turn % 2 === 0
          ? '/v1/movements?limit=200&kind=issue&location=L1'
          : '/v1/balances?limit=200&basis=effective&asOf=2030-01-01T00:00:00Z',
        headers,
      ),
  };

/** The 99th percentile of the reads of one organization, while another is at its limits and while nobody else asks. */
export const neighbours: Bench = {
  name: 'neighbours',
  summary: 'The slowest hundredth of the reads of an organization beside one that takes all it may',
  expect: (options) => expected(Object.keys(noises).length, options, options.quick ? 10 : 25),
  async *run(options): AsyncGenerator<Comparison> {
    const server = await startServer();
    try {
      const adminUrl = await server.createDatabase('neighbours');
      const movements = options.quick ? 10_000 : 100_000;
      const [quiet, noisy] = [
        await prepare(adminUrl, 'quiet', movements),
        await prepare(adminUrl, 'noisy', movements),
      ];
      const gateway = await startServerProcess('api-server.ts', {
        [environment.databaseUrl]: loginUrl(adminUrl, 'stockade_api'),
        [environment.databaseMaxConnections]: '20',
        [environment.keyEnvironment]: keyEnvironment,
      });
      try {
        for (const [what, make] of Object.entries(noises)) {
          const alone = latencyOf(gateway.url, quiet);
          const answered: Record<string, number> = {};
          const comparison = await compare(
            {
              name: `p99 of ${quietConnections} connections, while another organization ${what}`,
              subject: `beside ${noisyConnections} connections of the other`,
              reference: 'alone',
              target: 2,
            },
            {
              subject: async (durationMs) => {
                const end = beNoisy(gateway.url, (turn) => make({ 'x-api-key': noisy }, turn), answered);
                const operations = await alone(durationMs);
                await end();
                return operations;
              },
              reference: alone,
            },
            options,
          );
          const told = Object.entries(answered).map(([status, count]) => `${count} with ${status}`);
          yield { ...comparison, detail: [`The other was answered ${told.join(', ')}.`] };
        }
      } finally {
        await gateway.stop();
      }
    } finally {
      await server.stop();
    }
  },
};

async function prepare(adminUrl: string, slug: string, movements: number): Promise<string> {
  const ledger = await makeLedger(adminUrl, slug, items);
  await ledger.post(movements, items);
  const admin = new Client(loginUrl(adminUrl, 'stockade_admin'));
  await admin.connect();
  const key = { name: 'bench', scopes: ['read', 'write'] as ('read' | 'write')[] };
  const apiKey = await addApiKey(admin, ledger.orgId, key, keyEnvironment);
  await admin.end();
  return apiKey;
}

function anyItem(): string {
  return `S${1 + Math.floor(Math.random() * items)}`;
}

/** A load of reads whose number is how often its slowest hundredth fits into the time: its rate is one by the 99th percentile. */
function latencyOf(url: string, apiKey: string): Load {
  return async (durationMs) => {
    const startedAt = performance.now();
    const deadline = startedAt + durationMs;
    const times: number[] = [];
    await Promise.all(
      Array.from({ length: quietConnections }, async () => {
        const client = await openRawClient(url);
        while (performance.now() < deadline) {
          const askedAt = performance.now();
          await client.exchange(requestOf('GET', `/v1/items/${anyItem()}/balance`, { 'x-api-key': apiKey }));
          times.push(performance.now() - askedAt);
        }
        client.close();
      }),
    );
    const slowest = times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? durationMs;
    return (performance.now() - startedAt) / slowest;
  };
}

/** Sends without a pause until the returned function is called, and counts the answers by status. */
function beNoisy(
  url: string,
  message: (turn: number) => Buffer,
  answered: Record<string, number>,
): () => Promise<void> {
  let isOver = false;
  const senders = Array.from({ length: noisyConnections }, async () => {
    const client = await openRawClient(url);
    for (let turn = 0; !isOver; turn += 1) {
      const answer = await client.exchange(message(turn)).catch((error: Error) => error.message);
      const status = /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'no answer';
      answered[status] = (answered[status] ?? 0) + 1;
    }
    client.close();
  });
  return async () => {
    isOver = true;
    await Promise.all(senders);
  };
}
