import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, escapeIdentifier } from 'pg';
import type { Choices } from '#schema/adopt/choices.ts';
import { type AdoptionPlan, planAdoption } from '#schema/adopt/plan-adoption.ts';
import type { IsolationReport } from '#schema/lint/isolation-lint.ts';
import { readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { type MigrateOptions, type MigrationReport, migrate } from '#schema/migrations/migrate.ts';
import { writeFiles } from '#scripts/migrate/adopt/write-files.ts';
import { createScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';
import { lintDatabase } from '#scripts/migrate/isolation/lint-database.ts';
import { paths } from '#scripts/paths.ts';

/** The applications of this folder. */
export type Fixture = 'shop' | 'tracker' | 'prisma';

const folder = join(import.meta.dirname);
const sqlDirectory = join(paths.root, 'sql');

/** The organization of the shop, which has only one. */
export const corner = {
  kind: 'one',
  id: '00000000-0000-4000-8000-000000000c01',
  slug: 'corner',
  name: 'Corner',
} as const;

const undecided: Choices = {
  tables: [],
  organizations: corner,
  shared: [],
  writable: [],
  logins: [],
  keepStatistics: false,
};

/** How each application is adopted. */
export const choicesOf: Readonly<Record<Fixture, Choices>> = {
  shop: {
    ...undecided,
    tables: ['shop.customers', 'shop.products', 'shop.audit_log'],
    shared: ['shop.countries'],
  },
  tracker: {
    ...undecided,
    organizations: { kind: 'root', table: 'accounts.workspaces', nameColumn: undefined },
  },
  prisma: { ...undecided, organizations: { kind: 'root', table: 'Account', nameColumn: 'name' } },
};

/** An application in a database of its own, whose tables belong to the role that it logs in as. */
export interface ApplicationWorld extends AsyncDisposable {
  readonly adminUrl: string;
  /** A superuser in that database. */
  readonly admin: Client;
  /** The login role of the application, with a name that must be quoted. */
  readonly role: string;
  readonly loginUrl: string;
  /** A connection as the application. The world closes it. */
  connect(): Promise<Client>;
  plan(choices?: Partial<Choices>): Promise<AdoptionPlan>;
  /** Writes the files of the adoption. */
  write(choices?: Partial<Choices>): Promise<AdoptionPlan['adoption'] & {}>;
  migrate(options?: Partial<MigrateOptions>): Promise<MigrationReport>;
  lint(): Promise<IsolationReport>;
}

/**
 * Creates one of the applications on a running cluster.
 * @param rows also its rows
 */
export async function openApplication(
  fixture: Fixture,
  clusterUrl: string,
  { rows = true, change = '' }: { rows?: boolean; change?: string } = {},
): Promise<ApplicationWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'stockade-adopt-'));
  const database = await createScratchDatabase(clusterUrl);
  const role = `${fixture} App ${randomBytes(4).toString('hex')}`;
  const connected: Client[] = [];
  const connectTo = async (url: string) => {
    const client = new Client({ connectionString: url });
    connected.push(client);
    await client.connect();
    return client;
  };
  const admin = await connectTo(database.url);
  const loginUrl = new URL(database.url);
  loginUrl.username = encodeURIComponent(role);
  loginUrl.password = 'application';
  const sql = escapeIdentifier(role);
  await admin.query(
    `create role ${sql} login password 'application';
     grant create on database ${database.name} to ${sql};
     grant create on schema public to ${sql};
     set role ${sql};`,
  );
  await admin.query(await readFile(join(folder, `${fixture}.sql`), 'utf8'));
  if (change) await admin.query(change);
  if (rows) await admin.query(await readFile(join(folder, `${fixture}-rows.sql`), 'utf8'));
  await admin.query('reset role');
  const chosen = (choices: Partial<Choices>) => ({ ...choicesOf[fixture], ...choices });
  const plan = (choices: Partial<Choices> = {}) => planAdoption(admin, sqlDirectory, chosen(choices));
  return {
    adminUrl: database.url,
    admin,
    role,
    loginUrl: loginUrl.href,
    connect: () => connectTo(loginUrl.href),
    plan,
    async write(choices = {}) {
      const { adoption, obstacles } = await plan(choices);
      if (!adoption) throw new Error(`there are obstacles: ${JSON.stringify(obstacles)}`);
      await writeFiles(directory, adoption.files);
      return adoption;
    },
    migrate: (options = {}) =>
      migrate({ connectionString: database.url, directory: join(directory, 'migrations'), ...options }),
    async lint() {
      const exceptions = join(directory, 'lint/exceptions.json');
      return await lintDatabase(
        database.url,
        await readIsolationRules(join(sqlDirectory, 'lint'), exceptions),
      );
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(connected.map((client) => client.end()));
      await database[Symbol.asyncDispose]();
      const cluster = new Client(clusterUrl);
      await cluster.connect();
      await cluster.query(`drop role ${sql}`).finally(() => cluster.end());
      await rm(directory, { recursive: true, force: true });
    },
  };
}
