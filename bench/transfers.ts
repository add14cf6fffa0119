import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { CommandError } from '#scripts/cli/failure.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { addApiKey } from '#tenancy/organizations.ts';
import { callInTenant } from '#tenancy/scope.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { type Bench, clients, compare, expected } from './bench.ts';
import { type BenchServer, execute, openPool, startServer } from './database.ts';
import { makeLedger, onSuperuser } from './history.ts';

/** How many balances, or accounts, the transfers are between: the fewer, the more they wait for each other. */
const counts = [1_000, 50, 10];
const clientCount = 20;
const keyEnvironment = 'bench';

/** What pgledger.sql needs first, in the folder of the same release. */
const ulidFile = join('vendor', 'scoville-pgsql-ulid', 'uuid-to-ulid.sql');

export const transfers: Bench = {
  name: 'transfers',
  summary:
    'Transfers between two balances through the wall, against create_transfer of pgledger between two accounts: 20 clients on the same server',
  expect: (options) => expected(counts.length, options, 10),
  leftOut: ({ pgledger }) =>
    pgledger ? undefined : 'pgledger is needed to compare with: give its file with --pgledger',
  async *run(options) {
    const { pgledger } = options;
    if (!pgledger) return;
    const script = await readPgledger(pgledger.file);
    const server = await startServer();
    try {
      for (const count of counts) {
        const ours = await openLedger(server, count);
        const theirs = await openPgledger(server, script, count);
        yield await compare(
          {
            name: `transfers between ${count.toLocaleString('en')} balances, ${clientCount} clients`,
            subject: 'post_entry() of a transfer, through the wall',
            reference: `pgledger_create_transfer() of pgledger ${pgledger.version}`,
            target: 0.5,
          },
          {
            subject: clients(clientCount, () => ours.transfer(...twoOf(count))),
            reference: clients(clientCount, () => theirs.transfer(...twoOf(count))),
          },
          options,
        );
        await ours.close();
        await theirs.close();
      }
    } finally {
      await server.stop();
    }
  },
};

/** Transfers between two of the numbered balances or accounts. */
interface Transfers {
  transfer(from: number, to: number): Promise<unknown>;
  close(): Promise<void>;
}

/** One item at `count` locations. */
async function openLedger(server: BenchServer, count: number): Promise<Transfers> {
  const adminUrl = await server.createDatabase(`ours_${count}`);
  const ledger = await makeLedger(adminUrl, 'bench', 1, count);
  const apiKey = await onSuperuser(adminUrl, (superuser) =>
    addApiKey(superuser, ledger.orgId, { name: 'Bench', scopes: ['read', 'write'] }, keyEnvironment),
  );
  process.env[environment.databaseUrl] = loginUrl(adminUrl, 'stockade_api');
  process.env[environment.databaseMaxConnections] = String(clientCount);
  const tenant: Tenant = {
    credentials: { key: parseApiKey(apiKey, keyEnvironment), selectors: [] },
    scope: 'write',
  };
  const line = (location: number, quantity: number) => ({ sku: 'S1', location: `L${location}`, quantity });
  return {
    transfer: (from, to) =>
      callInTenant(tenant, 'write', 'inventory.post_entry', [
        { kind: 'transfer', lines: [line(from, -1), line(to, 1)] },
      ]),
    close: closeDatabase,
  };
}

/** As many accounts, as pgledger's own measurement makes them. */
async function openPgledger(server: BenchServer, script: string, count: number): Promise<Transfers> {
  const adminUrl = await server.createEmptyDatabase(`pgledger_${count}`);
  await execute(adminUrl, script);
  const pool = openPool(adminUrl, clientCount);
  const { rows } = await pool.query<{ id: string }>(
    `select a.id from generate_series(1, $1::int) n cross join lateral pgledger_create_account('account ' || n, 'USD') a`,
    [count],
  );
  const ids = rows.map(({ id }) => id);
  return {
    transfer: (from, to) =>
      pool.query('select id from pgledger_create_transfer($1, $2, $3)', [ids[from - 1], ids[to - 1], 1]),
    close: () => pool.end(),
  };
}

/** Two different numbers from 1 to `count`. */
function twoOf(count: number): [from: number, to: number] {
  const from = Math.floor(Math.random() * count);
  const to = (from + 1 + Math.floor(Math.random() * (count - 1))) % count;
  return [from + 1, to + 1];
}

async function readPgledger(file: string): Promise<string> {
  const needed = join(dirname(file), ulidFile);
  const ulid = await readFile(needed, 'utf8').catch(() => {
    throw new CommandError(
      `${needed} does not exist, and pgledger needs it`,
      'Give the pgledger.sql of a whole checkout of pgledger.',
    );
  });
  return `${ulid}\n${await readFile(file, 'utf8')}`;
}
