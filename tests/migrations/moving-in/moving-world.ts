import { Client } from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import { routes } from '#functions/routes.ts';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { allowSwitch } from '#portability/moving-in/before-switch.ts';
import type { Decisions } from '#portability/moving-in/decisions.ts';
import { type MoveOptions, moveBalances, moveOrganizations } from '#portability/moving-in/move.ts';
import { type MovingInStatus, readStatus } from '#portability/moving-in/status.ts';
import { readMigrations } from '#schema/book/migration-files.ts';
import { type MigrateOptions, migrate, withClient } from '#schema/migrations/migrate.ts';
import { serveGateway } from '#scripts/local/gateway/server.ts';
import { loadHandler } from '#scripts/local/lambda/handlers.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { createScratchDatabase, type ScratchDatabase } from '#scripts/migrate/catalog/scratch-database.ts';
import { paths } from '#scripts/paths.ts';
import { addApiKey, findOrganization } from '#tenancy/organizations.ts';
import { type Caller, caller } from '#tests/caller.ts';
import type { OldProgram } from '#tests/prove/migration/old-program.ts';
import { createOldLogin, type OldLogin } from './old-login.ts';

const keyEnvironment = 'test';

/** A database with the baseline, the old program at work in it, and the API that comes after. One for each test file. */
export interface MovingWorld {
  readonly database: ScratchDatabase;
  /** A superuser in that database: for looking, never for proving what a role may do. */
  readonly superuser: Client;
  readonly shop: OldProgram;
  readonly login: OldLogin;
  readonly source: Pick<MoveOptions, 'directory'> & { readonly connectionString: string };
  /** The parts of the move, as the commands run them. */
  moveOrganizations(
    decisions: Decisions,
    options?: Partial<MoveOptions>,
  ): ReturnType<typeof moveOrganizations>;
  moveBalances(options?: Partial<MoveOptions>): ReturnType<typeof moveBalances>;
  moveRest(options?: Partial<MigrateOptions>): ReturnType<typeof migrate>;
  status(): Promise<MovingInStatus>;
  /** The API of an organization, after the switch. */
  api(slug: string): Promise<Caller>;
}

/** Gives the tests of a file such a world. Call it at the top of the file. */
export function openMovingWorld(): MovingWorld {
  let database: ScratchDatabase;
  let superuser: Client;
  let login: OldLogin;
  let shop: OldProgram;
  let gateway: Awaited<ReturnType<typeof serveGateway>> | undefined;
  const source = () => ({ connectionString: database.url, directory: paths.migrations });

  beforeAll(async () => {
    database = await createScratchDatabase(inject('clusterUrl'));
    await migrate({ ...source(), target: 1 });
    superuser = new Client(database.url);
    superuser.on('error', () => {});
    await superuser.connect();
    login = await createOldLogin(database.url);
    shop = await login.connect();
  });
  afterAll(async () => {
    await gateway?.close();
    await closeDatabase();
    await superuser?.end();
    await database?.[Symbol.asyncDispose]();
    await login?.[Symbol.asyncDispose]();
  });

  return {
    get database() {
      return database;
    },
    get superuser() {
      return superuser;
    },
    get login() {
      return login;
    },
    get shop() {
      return shop;
    },
    get source() {
      return source();
    },
    moveOrganizations: (decisions, options = {}) => moveOrganizations({ ...source(), ...options }, decisions),
    moveBalances: (options = {}) => moveBalances({ ...source(), ...options }),
    moveRest: (options = {}) => migrate({ ...source(), beforeContract: allowSwitch, ...options }),
    async status() {
      const names = (await readMigrations(paths.migrations)).map(({ name }) => name);
      return await withClient(source(), (client) => readStatus(client, names));
    },
    async api(slug) {
      process.env[environment.databaseUrl] = loginUrl(database.url, 'stockade_api');
      process.env[environment.databaseMaxConnections] = '10';
      process.env[environment.keyEnvironment] = keyEnvironment;
      process.env[environment.baseDomain] = 'localhost';
      gateway ??= await serveGateway({ routes, load: loadHandler });
      const admin = new Client(loginUrl(database.url, 'stockade_admin'));
      await admin.connect();
      try {
        const { id } = await findOrganization(admin, slug);
        const request = { name: 'A key', scopes: ['read', 'write', 'admin'] } as const;
        return caller(gateway.url, { id, slug, apiKey: await addApiKey(admin, id, request, keyEnvironment) });
      } finally {
        await admin.end();
      }
    },
  };
}
