import { Client } from 'pg';
import { type Caller, caller } from '../../../caller.ts';
import { asAdopted } from '../adopted.ts';
import { type Api, serveApi } from '../api.ts';
import { unplantedTables } from '../victim.ts';
import { Bystander } from './bystander.ts';
import { canary, forbiddenTexts, plantParties } from './parties.ts';
import { injectionHandlers, injectionRoutes } from './route.ts';
import { VictimAtWork } from './victim-at-work.ts';
import { type Watch, watchOrganization } from './watch.ts';

/** A short time, so that the attacks take less. Isolation must not depend on its value. */
export const deadlineMs = 1_200;

/** Two organizations, the API with the bad handlers, and the watch. */
export interface InjectionFixture extends AsyncDisposable {
  readonly adminUrl: string;
  readonly database: string;
  readonly api: Api;
  readonly superuser: Client;
  readonly attacker: Caller;
  readonly victim: Caller;
  readonly atWork: VictimAtWork;
  /** Undefined when nobody works during the attacks. */
  readonly bystander: Bystander | undefined;
  readonly watch: Watch;
  /** The texts that must not reach the attacker. */
  readonly forbidden: readonly string[];
  /** The tables in which the target has no row. */
  readonly unplanted: readonly string[];
}

/** Sets the fixture in a database that cannot be used afterwards. `adminUrl` is its URL for the superuser. */
export async function openFixture(
  adminUrl: string,
  server: 'own' | 'rds',
  meanwhile: 'somebody works' | 'nobody works',
  alone: boolean,
): Promise<InjectionFixture> {
  const superuser = new Client(adminUrl);
  await superuser.connect();
  await using opened = new AsyncDisposableStack();
  opened.defer(() => superuser.end());
  const database = await prepareDatabase(superuser, server);
  const { victim, attacker } = await plantParties(superuser);
  const extra = { routes: injectionRoutes, handlers: injectionHandlers };
  const api = await serveApi(adminUrl, { extra, deadlineMs });
  opened.defer(() => api.close());
  const atWork = await VictimAtWork.start(adminUrl, victim.apiKey, canary);
  opened.defer(() => atWork.end());
  const bystander =
    meanwhile === 'somebody works' ? opened.use(await Bystander.start(superuser, adminUrl)) : undefined;
  const fixture = {
    adminUrl,
    database,
    api,
    superuser,
    attacker: caller(api.url, attacker),
    victim: caller(api.url, victim),
    atWork,
    bystander,
    watch: await watchOrganization(superuser, victim.id, alone),
    forbidden: await forbiddenTexts(superuser, victim.id),
    unplanted: await unplantedTables(superuser, victim.id),
  };
  const closing = opened.move();
  return { ...fixture, [Symbol.asyncDispose]: () => closing.disposeAsync() };
}

/** Sets the privileges. Returns the quoted name of the database. */
async function prepareDatabase(superuser: Client, server: 'own' | 'rds'): Promise<string> {
  const { rows } = await superuser.query<{ name: string }>('select quote_ident(current_database()) as name');
  const database = rows[0]?.name ?? '';
  if (server === 'rds') await superuser.query(`${openCore}; ${asAdopted}`);
  return database;
}

/** Grants again what `sql/roles.sql` has revoked from public. */
const openCore = `
  do $$
  declare
    v_function regprocedure;
  begin
    grant usage on language plpgsql to public;
    for v_function in
      select oid::regprocedure
      from pg_proc
      where pronamespace = 'pg_catalog'::regnamespace
        and has_function_privilege('stockade_owner', oid, 'execute')
        and not has_function_privilege('public', oid, 'execute')
    loop
      execute format('grant execute on function %s to public', v_function);
    end loop;
  end
  $$`;
