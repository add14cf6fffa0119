import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { environment } from '#platform/environment.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { addApiKey } from '#tenancy/organizations.ts';
import { type Bench, type Comparison, compareRates, expected } from './bench.ts';
import { startServer } from './database.ts';
import { makeLedger } from './history.ts';
import { type Noise, noises } from './http/noises.ts';
import { openRawClient, requestOf } from './http/raw-client.ts';
import { startServerProcess } from './http/server-process.ts';

const items = 1_000;
const keyEnvironment = 'bench';
/** What the other organization sends with, more than it may have at once. */
const noisyConnections = 40;
const quietConnections = 4;

/** The 99th percentile of the reads of one organization, while another is at its limits and while nobody else asks. */
export const neighbours: Bench = {
  name: 'neighbours',
  summary: 'The slowest hundredth of the reads of an organization beside one that takes all it may',
  expect: (options) => expected(noises.length, options, options.quick ? 10 : 25),
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
        for (const noise of noises) {
          const alone = () => slowestOf(gateway.url, quiet, options.roundMs);
          const answered: Record<string, number> = {};
          const beside = async () => {
            const stopNoise = await startNoise(gateway.url, noisy, noise);
            const slowestMs = await alone();
            for (const [status, count] of Object.entries(await stopNoise()))
              answered[status] = (answered[status] ?? 0) + count;
            return slowestMs;
          };
          const rates = { subject: [] as number[], reference: [] as number[] };
          // Not by inTurns(), whose time would contain the start and the end of the noise. The first round warms up.
          for (let round = 0; round <= options.rounds; round += 1) {
            const [reference, subject] = [1_000 / (await alone()), 1_000 / (await beside())];
            if (round === 0) continue;
            rates.reference.push(reference);
            rates.subject.push(subject);
          }
          const comparison = compareRates(
            {
              name: `p99 of ${quietConnections} connections, while another organization ${noise}`,
              subject: `beside ${noisyConnections} connections of the other`,
              reference: 'alone',
              target: 2,
            },
            rates,
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

/** The 99th percentile of reads over some connections, in milliseconds. */
async function slowestOf(url: string, apiKey: string, durationMs: number): Promise<number> {
  const deadline = performance.now() + durationMs;
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
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? durationMs;
}

/**
 * Sends from a process of its own, so that the clients share no processor time, until the returned function is called. Returns
 * when there was a first answer.
 */
async function startNoise(
  url: string,
  apiKey: string,
  noise: Noise,
): Promise<() => Promise<Record<string, number>>> {
  const args = [url, apiKey, noise, items, noisyConnections].map(String);
  const child = fork(fileURLToPath(new URL('http/noisy-clients.ts', import.meta.url)), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return async () => {
    const ended = once(child, 'exit');
    const [answered] = await Promise.all([once(child, 'message'), child.send('stop')]);
    await ended;
    return answered[0];
  };
}
