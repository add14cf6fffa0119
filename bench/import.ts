import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { importFile } from '#ledger/imports/import-file.ts';
import { parseProfile, profileDigest } from '#ledger/imports/lines/profile.ts';
import { organizationsByName } from '#ledger/imports/organizations.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { type Bench, type BenchOptions, type Comparison, compareRates } from './bench.ts';
import { startServer } from './database.ts';
import { orderLines } from './order-lines.ts';

/** The same columns and indexes as the movements, and nothing else of a ledger. */
const bareMovements = `
  create schema bare;
  create table bare.movements (like inventory.movements including indexes)`;

/** What the column `Country` names. An import creates organizations one by one, which is not what is measured. */
const newOrganizations = `
  insert into tenancy.organizations (slug, name)
  select 'country-' || n, 'Country ' || n from generate_series(1, $1::int) as n`;

const mostTurns = 3;

const profile = parseProfile({
  organization: { column: 'Country' },
  sku: { column: 'StockCode' },
  quantity: { column: 'Quantity', sign: 'out' },
  location: { constant: 'main' },
  reference: { column: 'InvoiceNo' },
  time: { column: 'InvoiceDate', format: 'yyyy-MM-dd HH:mm:ss', timeZone: 'Europe/London' },
  items: { name: { column: 'Description' }, allowNegative: true },
});

/** How the lines of a file are spread over organizations. */
const spreads = {
  'one organization': { organizations: 1, isEven: true },
  '33 organizations, nine lines in ten of one': { organizations: 33, isEven: false },
  '2,000 organizations, evenly mixed': { organizations: 2_000, isEven: true },
} as const;

export const importing: Bench = {
  name: 'import',
  summary: 'An import of order lines, compared with COPY of its movements into the same columns and indexes',
  expect: (options) => ({
    comparisons: 5,
    seconds: (options.quick ? 3 : 20) * Object.keys(spreads).length * (1 + turnsOf(options)),
  }),
  async *run(options): AsyncGenerator<Comparison> {
    const lines = linesOf(options);
    const server = await startServer();
    try {
      const rateOfOne: number[] = [];
      for (const [index, [name, spread]] of Object.entries(spreads).entries()) {
        const database = await server.createDatabase(`import_${index}`);
        const rates = await measure(database, spread, turnsOf(options), lines);
        yield compareRates(
          {
            name: `import of ${lines.toLocaleString('en')} lines, ${name}`,
            subject: 'importFile()',
            reference: 'COPY of its movements into a bare table',
            ...(index < 2 && { target: 1 / 0.3 }),
          },
          rates,
        );
        if (index === 0) rateOfOne.push(...rates.subject);
        else
          yield compareRates(
            {
              name: `import, ${name}`,
              subject: 'importFile()',
              reference: 'the same number of lines of one organization',
              ...(index === 2 && { target: 2 }),
            },
            { subject: rates.subject, reference: rateOfOne },
          );
      }
    } finally {
      await server.stop();
    }
  },
};

/** An import takes many times as long as a round of another bench. */
function turnsOf({ quick, rounds }: BenchOptions): number {
  return quick ? 1 : Math.min(rounds, mostTurns);
}

function linesOf({ quick }: BenchOptions): number {
  return quick ? 10_000 : 100_000;
}

/** Lines per second of both, in turns. The first import also creates the items, so it is not counted. */
async function measure(
  adminUrl: string,
  spread: { readonly organizations: number; readonly isEven: boolean },
  rounds: number,
  lines: number,
): Promise<{ readonly subject: number[]; readonly reference: number[] }> {
  const file = Buffer.from(orderLines(lines, spread));
  await using superuser = await connect(adminUrl);
  await using admin = await connect(loginUrl(adminUrl, 'stockade_admin'));
  await using lanes = new AsyncDisposableStack();
  const connectJobs = async () => lanes.use(await connect(loginUrl(adminUrl, 'stockade_jobs'))).client;
  const jobs = [await connectJobs(), await connectJobs(), await connectJobs(), await connectJobs()] as const;
  await superuser.client.query(bareMovements);
  await superuser.client.query(newOrganizations, [spread.organizations]);
  const post = () => importOnce(file, lines, admin.client, jobs);
  await post();
  const copied = await writeMovements(superuser.client);
  const rates = { subject: [] as number[], reference: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    await superuser.client.query('truncate bare.movements');
    rates.reference.push(
      await rateOf(lines, () => superuser.client.query(`copy bare.movements from '${copied}'`)),
    );
    rates.subject.push(await rateOf(lines, post));
  }
  return rates;
}

async function importOnce(
  file: Buffer,
  lines: number,
  admin: Client,
  jobs: readonly [Client, ...Client[]],
): Promise<void> {
  const { applied } = await importFile({
    source: chunksOf(file),
    fileName: 'orders.csv',
    // Another file each time: the lines of one that is known would be settled already.
    fileDigest: randomBytes(32),
    profile,
    profileDigest: profileDigest(profile),
    createMissing: true,
    retryRejects: false,
    trial: false,
    again: false,
    batchLines: 5_000,
    jobs,
    organizations: organizationsByName(admin, { create: false, trial: false }),
    rejects: async ({ line, reason }) => {
      throw new Error(`line ${line} was rejected: ${reason}`);
    },
  });
  if (applied !== lines) throw new Error(`${applied} of ${lines} lines were applied`);
}

async function* chunksOf(file: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < file.length; start += 65_536) yield file.subarray(start, start + 65_536);
}

/** Writes the movements as COPY reads them, beside the data of the server. */
async function writeMovements(superuser: Client): Promise<string> {
  const { rows } = await superuser.query<{ folder: string }>(
    `select current_setting('data_directory') as folder`,
  );
  const path = `${rows[0]?.folder}/movements.copy`;
  await superuser.query(`copy (select * from inventory.movements order by entry_id, line) to '${path}'`);
  return path;
}

async function rateOf(lines: number, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (lines / (performance.now() - startedAt)) * 1000;
}

async function connect(url: string) {
  const client = new Client(url);
  await client.connect();
  return { client, [Symbol.asyncDispose]: () => client.end() };
}
