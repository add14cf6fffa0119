import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { isolationText } from '#scripts/migrate/isolation/report.ts';
import { addOrganization } from '#tenancy/organizations.ts';
import {
  type ApplicationWorld,
  type Fixture,
  openApplication,
} from '#tests/migrations/adopt/application-world.ts';
import { type Entry, enter, keyOf } from '#tests/migrations/adopt/entry.ts';
import { programs } from '#tests/migrations/adopt/programs.ts';
import { type AccountEntry, startClients, type Tally } from './clients.ts';
import { fillApplication } from './rows.ts';

/** What an adoption under load showed. */
export interface AdoptionProof {
  readonly fixture: Fixture;
  readonly rows: number;
  readonly files: number;
  /** The clients without any migration. */
  readonly quiet: Tally;
  /** The application as it was, up to the contract. */
  readonly expand: Tally & { readonly seconds: number };
  /** The application in transactions that enter an organization, during the contract. */
  readonly contract: Tally & { readonly seconds: number };
  /** What the isolation lint says afterwards; empty when it is clean. */
  readonly faults: string;
  /** What the organizations see together and what there is, by table; different where the wall has a gap. */
  readonly seen: readonly {
    readonly table: string;
    readonly together: number;
    readonly there: number;
    readonly outside: number;
  }[];
}

export interface ProofOptions {
  readonly clusterUrl: string;
  readonly clients: number;
  /** Of 100,000 rows. */
  readonly factor: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: string) => void;
}

/** The lock budget of the runner, and what a request may wait beyond it. */
const mostMs = 200 + 300;

/** Whether nothing failed, nobody waited too long, and every row is seen by one organization. */
export function holds({ quiet, expand, contract, faults, seen }: AdoptionProof): boolean {
  return (
    [quiet, expand, contract].every(({ failures }) => failures.length === 0) &&
    [expand, contract].every(({ longestMs }) => longestMs <= Math.max(mostMs, quiet.longestMs)) &&
    faults === '' &&
    seen.every(({ together, there, outside }) => together === there && outside === 0)
  );
}

/** Adopts one application of 100,000 rows while its clients work. */
export async function proveAdoption(fixture: Fixture, options: ProofOptions): Promise<AdoptionProof> {
  const step = options.onStep ?? (() => {});
  await using world = await openApplication(fixture, options.clusterUrl);
  const program = programs[fixture];
  const rows = await fillApplication(world.admin, fixture, options.factor);
  await world.admin.query('analyze');
  const adoption = await world.write();
  step(`${fixture}: ${rows} rows, the clients alone`);
  const endQuiet = await startClients(world.loginUrl, program, options.clients);
  await delay(10_000, undefined, { signal: options.signal });
  const quiet = await endQuiet();

  step(`${fixture}: expand, with the application as it was`);
  const expand = await under(await startClients(world.loginUrl, program, options.clients), () =>
    world.migrate({ target: adoption.lastBeforeContract, signal: options.signal }),
  );
  step(`${fixture}: contract, with the application inside transactions that enter`);
  const entries = await entriesOf(world, fixture);
  const contract = await under(
    await startClients(world.loginUrl, program, options.clients, entries.slice(0, 4)),
    () => world.migrate({ signal: options.signal }),
  );
  const lint = await world.lint();
  return {
    fixture,
    rows,
    files: adoption.files.size,
    quiet,
    expand,
    contract,
    faults: lint.ok ? '' : isolationText(lint),
    seen: await seenBy(world, program.tables, entries),
  };
}

/** Does something while clients work, and ends them whether it succeeds or fails. */
async function under(
  end: () => Promise<Tally>,
  work: () => Promise<unknown>,
): Promise<Tally & { readonly seconds: number }> {
  const startedMs = performance.now();
  try {
    await work();
  } catch (error) {
    await end();
    throw error;
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  return { ...(await end()), seconds };
}

async function entriesOf(world: ApplicationWorld, fixture: Fixture): Promise<AccountEntry[]> {
  await world.admin.query('set role stockade_admin');
  if (fixture === 'shop') await addOrganization(world.admin, { slug: 'second', name: 'Second shop' });
  const { rows } = await world.admin.query<{ id: string }>(
    'select id from tenancy.organizations order by slug',
  );
  const keys: Entry[] = [];
  for (const { id } of rows) keys.push(await keyOf(world.admin, id));
  await world.admin.query('reset role');
  const { accountOf } = programs[fixture];
  const entries: AccountEntry[] = [];
  for (const key of keys) {
    const account = accountOf ? await world.admin.query<{ id: string }>(accountOf, [key.id]) : undefined;
    entries.push({ ...key, account: account?.rows[0]?.id });
  }
  return entries;
}

async function seenBy(world: ApplicationWorld, tables: readonly string[], entries: readonly Entry[]) {
  const application = await world.connect();
  const seen = new Map(tables.map((table) => [table, 0]));
  for (const entry of entries) {
    await enter(application, entry, 'read');
    for (const table of tables) seen.set(table, (seen.get(table) ?? 0) + (await countOf(application, table)));
    await application.query('rollback');
  }
  const result: { table: string; together: number; there: number; outside: number }[] = [];
  for (const table of tables) {
    // The tracker keeps removed comments from everybody.
    const there = await countOf(
      world.admin,
      table === 'work.comments' ? `${table} where not is_removed` : table,
    );
    result.push({ table, together: seen.get(table) ?? 0, there, outside: await countOf(application, table) });
  }
  return result;
}

async function countOf(client: Client, from: string): Promise<number> {
  const { rows } = await client.query(`select count(*)::integer as count from ${from}`);
  return rows[0].count;
}
