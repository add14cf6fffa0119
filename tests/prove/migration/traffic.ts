import { Client } from 'pg';
import { routes } from '#functions/routes.ts';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { serveGateway } from '#scripts/local/gateway/server.ts';
import { loadHandler } from '#scripts/local/lambda/handlers.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { addApiKey, findOrganization } from '#tenancy/organizations.ts';
import { type Caller, caller } from '../../caller.ts';
import { asSuperuser } from '../clone.ts';
import { OldProgram } from './old-program.ts';

/** Both programs over one database. */
export interface Traffic extends AsyncDisposable {
  readonly programs: readonly OldProgram[];
  readonly api: () => Promise<Caller>;
}

export type OpenPrograms = (databaseUrl: string, count: number) => Promise<Traffic>;

/**
 * Connects the old program several times under a login of its own, and serves the new API when it is first asked for; the
 * organization must exist by then.
 * `databaseUrl` is the URL for the superuser.
 */
export const openPrograms: OpenPrograms = async (databaseUrl, count) => {
  await asSuperuser(databaseUrl, (client) => client.query(shopLogin));
  const url = Object.assign(new URL(databaseUrl), { username: 'shop', password: 'shop' });
  const programs = await Promise.all(
    Array.from({ length: count }, async () => {
      const client = new Client({ connectionString: url.href, application_name: 'old-program' });
      client.on('error', () => {});
      await client.connect();
      return new OldProgram(client);
    }),
  );
  let served: ReturnType<typeof serveApi> | undefined;
  return {
    programs,
    async api() {
      served ??= serveApi(databaseUrl, Math.min(count, connections));
      return (await served).api;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(programs.map((program) => program.end()));
      await (await served)?.close();
    },
  };
};

const shopLogin = `
  do $$ begin
    if to_regrole('shop') is null then create role shop login password 'shop'; end if;
  end $$;
  grant usage on schema inventory to shop;
  grant select, insert, update, delete on all tables in schema inventory to shop`;

/**
 * The connections of the API, fewer than its clients: the first request on each loads the catalogue and compiles functions,
 * and at the switch all those first requests come at once.
 */
const connections = 4;

/** What the clients ask. */
const entries = ['items', 'movements', 'balances', 'entries'];

async function serveApi(databaseUrl: string, maxConnections: number) {
  process.env[environment.databaseUrl] = loginUrl(databaseUrl, 'stockade_api');
  process.env[environment.databaseMaxConnections] = String(maxConnections);
  process.env[environment.keyEnvironment] = 'prove';
  const gateway = await serveGateway({ routes, load: loadHandler });
  // As functions with provisioned concurrency, they are loaded before they are asked.
  await Promise.all(entries.map(loadHandler));
  // As a load balancer does; it opens the connections to the database.
  await Promise.all(Array.from({ length: maxConnections }, () => fetch(`${gateway.url}/ready`)));
  const admin = new Client(loginUrl(databaseUrl, 'stockade_admin'));
  await admin.connect();
  try {
    const { id, slug } = await findOrganization(admin, 'shop');
    const key = { name: 'Traffic', scopes: ['read', 'write'] } as const;
    const apiKey = await addApiKey(admin, id, key, 'prove');
    return {
      api: caller(gateway.url, { id, slug, apiKey }),
      async close() {
        await gateway.close();
        await closeDatabase();
      },
    };
  } finally {
    await admin.end();
  }
}
