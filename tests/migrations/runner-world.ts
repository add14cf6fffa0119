import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, inject } from 'vitest';
import { type MigrateOptions, type MigrationReport, migrate } from '#schema/migrations/migrate.ts';
import { createScratchDatabase, type ScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';
import { paths } from '#scripts/paths.ts';

/** The roles that the runner takes, and nothing else. */
export const rolesSql = `do $$ begin
  if to_regrole('stockade_owner') is null then create role stockade_owner nologin; end if;
end $$;
alter role stockade_owner nologin;`;

/** Matches while a runner waits for a lock. */
export const migratorWaitsForLock = `select from pg_stat_activity
  where datname = current_database() and application_name = 'stockade-migrate' and wait_event_type = 'Lock'`;

/** A book of a test's own, and an empty database to run it on, both new for each test. */
export interface RunnerWorld {
  readonly root: string;
  readonly directory: string;
  readonly database: ScratchDatabase;
  /** A superuser in that database. */
  readonly client: Client;
  connect(): Promise<Client>;
  /** Writes files by their name without `.sql`: a migration by its own, a function file as `schema/family`. */
  put(files: Record<string, string>): Promise<void>;
  run(options?: Partial<MigrateOptions>): Promise<MigrationReport>;
  /** The migrations that the database has. */
  journal(): Promise<string[]>;
  /** What is under way and not known to be done. */
  started(): Promise<Record<string, unknown>[]>;
  exists(relation: string): Promise<boolean>;
  /** Polls the server: the state of another session has no event to listen to. */
  until(condition: string, watcher?: Client): Promise<void>;
  /** Runs the book in a process of its own and kills that when a condition holds. */
  startAndKill(whenTrue: string, options?: Partial<MigrateOptions>): Promise<void>;
}

/** Makes a world before each test of the file, and removes it afterwards. */
export function openRunnerWorld(): RunnerWorld {
  let root: string;
  let database: ScratchDatabase;
  let client: Client;
  const directory = () => join(root, 'migrations');

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'stockade-migrate-'));
    await mkdir(directory());
    await writeFile(join(root, 'roles.sql'), rolesSql);
    database = await createScratchDatabase(inject('clusterUrl'));
    client = await connect();
  });
  afterEach(async () => {
    await client.end();
    await database[Symbol.asyncDispose]();
    await rm(root, { recursive: true });
  });

  async function connect(): Promise<Client> {
    const connected = new Client({ connectionString: database.url });
    await connected.connect();
    return connected;
  }

  async function until(condition: string, watcher = client): Promise<void> {
    for (;;) {
      const { rows } = await watcher.query(`select exists (${condition}) as holds`);
      if (rows[0].holds) return;
      await delay(5);
    }
  }

  return {
    get root() {
      return root;
    },
    get directory() {
      return directory();
    },
    get database() {
      return database;
    },
    get client() {
      return client;
    },
    connect,
    async put(files) {
      for (const [name, content] of Object.entries(files)) {
        const path = join(root, name.includes('/') ? 'functions' : 'migrations', `${name}.sql`);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, content);
      }
    },
    run: (options = {}) => migrate({ connectionString: database.url, directory: directory(), ...options }),
    async journal() {
      const { rows } = await client.query('select name from stockade_migrations.applied order by number');
      return rows.map(({ name }) => name);
    },
    async started() {
      return (await client.query('select * from stockade_migrations.started')).rows;
    },
    async exists(relation) {
      const { rows } = await client.query('select to_regclass($1) is not null as exists', [relation]);
      return rows[0].exists;
    },
    until,
    async startAndKill(whenTrue, options = {}) {
      const runner = JSON.stringify(join(paths.root, 'layers/schema/migrations/migrate.ts'));
      const all = { connectionString: database.url, directory: directory(), ...options };
      const program = `import { migrate } from ${runner}; await migrate(${JSON.stringify(all)});`;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' });
      const gone = once(child, 'exit');
      await until(whenTrue);
      child.kill('SIGKILL');
      expect(await gone).toEqual([null, 'SIGKILL']);
    },
  };
}
