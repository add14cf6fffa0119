import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { createPassKey, trustIssuer } from '#scripts/local/issuer/trust.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { type createApiKey, parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { type Clone, cloneDatabase } from '../../clone.ts';
import { type Api, keyEnvironment } from '../api.ts';
import { tenantTables } from '../tenant-tables.ts';
import { type Holdings, plantOrganization, type Victim } from '../victim.ts';
import { serveApiInThread } from './api-thread.ts';
import { Canonical, type CanonicalAnswer } from './canonical.ts';
import { emails, headersOf, type Tokens } from './credentials.ts';
import { isJobStep, type Jobs, openJobs } from './job-steps.ts';
import { shared, theirOwn } from './names.ts';
import { Memory, type Step, type Theirs } from './step.ts';

/** The worlds differ only in the contents of the other organization. */
export const worldNames = ['absent', 'present', 'the same codes', 'ten times larger, and writing'] as const;

export type WorldName = (typeof worldNames)[number];

/** The key of the subject, the same in every world, so that its requests have the same bytes. */
export type SubjectKey = ReturnType<typeof createApiKey>;

/** A database with its other organization, and the API over it. */
export interface World extends AsyncDisposable {
  readonly name: WorldName;
  /** Creates the subject. */
  enter(key: SubjectKey): Promise<Visit>;
}

/** The subject in a world, for one sequence of requests. */
export interface Visit {
  ask(step: Step): Promise<CanonicalAnswer>;
  /** Deletes the subject. */
  leave(): Promise<void>;
}

const base: Holdings = {
  slug: 'other',
  skus: theirOwn.skus,
  locations: theirOwn.locations,
  lot: shared.lot,
  references: [theirOwn.reference],
  idempotencyKeys: ['theirs'],
  text: 'theirs',
  keyId: 'theirsTHEIRS',
  quantity: 7,
  entries: 1,
};

const both: Holdings = {
  ...base,
  skus: [...theirOwn.skus, ...shared.skus, shared.unmoved],
  locations: [...theirOwn.locations, ...shared.locations, shared.unmoved],
  references: [theirOwn.reference, ...shared.references],
  idempotencyKeys: ['theirs', ...shared.idempotencyKeys],
};

const holdings: Readonly<Record<WorldName, Holdings | undefined>> = {
  absent: undefined,
  present: base,
  'the same codes': both,
  'ten times larger, and writing': {
    ...both,
    skus: [...both.skus, ...Array.from({ length: 45 }, (_, index) => `MORE-${index}`)],
    entries: 10,
  },
};

/** Opens a world with a clone of a migrated database. It accepts the tokens. `clusterUrl` is the URL for the superuser. */
export async function openWorld(
  name: WorldName,
  clusterUrl: string,
  template: string,
  tokens: Tokens,
  prepare: (clone: Clone) => Promise<unknown> = async () => {},
): Promise<World> {
  const clone = await cloneDatabase(clusterUrl, template);
  await prepare(clone);
  const superuser = new Client(clone.url);
  await superuser.connect();
  const planted = holdings[name] && (await plantOrganization(superuser, holdings[name], keyEnvironment));
  if (planted) await joinTheirs(superuser, planted);
  const theirs = await theirIds(superuser, planted);
  const writing = name.endsWith('writing') && planted ? keepWriting(clone.url, planted) : undefined;
  const api = await serveApiInThread(clone.url, await trustIssuer(clone.url, tokens.issuer, createPassKey()));
  const jobs = await openJobs(clone.url);
  const tables = await tenantTables(superuser);
  // After every sequence the subject is deleted with its ledger, which these triggers prevent.
  await superuser.query(`
    do $$
    declare
      v_trigger record;
    begin
      for v_trigger in
        select tgrelid::regclass as "table", tgname from pg_trigger where tgfoid = to_regproc('inventory.refuse_change')
      loop
        execute format('alter table %s disable trigger %I', v_trigger."table", v_trigger.tgname);
      end loop;
    end
    $$`);

  return {
    name,
    async enter(key) {
      const id = await plantSubject(superuser, key);
      return visit(api, jobs, { id, key, tokens: tokens.of }, theirs, async () => {
        await superuser.query('begin; set local session_replication_role = replica');
        for (const { name, orgColumn } of tables) {
          await superuser.query(`delete from ${name} where ${orgColumn} = $1`, [id]);
        }
        await superuser.query('commit');
      });
    },
    async [Symbol.asyncDispose]() {
      await writing?.();
      await jobs.close();
      await api.close();
      await superuser.end();
      await clone[Symbol.asyncDispose]();
    },
  };
}

function visit(
  api: Omit<Api, 'wire'>,
  jobs: Jobs,
  { id, key, tokens }: { readonly id: string; readonly key: SubjectKey; readonly tokens: Tokens['of'] },
  theirs: Theirs,
  leave: () => Promise<void>,
): Visit {
  const memory = new Memory(theirs);
  const canonical = new Canonical();
  for (const [name, value] of Object.entries(theirs)) canonical.name(value, `<their ${name}>`);
  return {
    async ask(step) {
      if (isJobStep(step.route)) {
        return canonical.report(await jobs.run(step.route, { id, slug: 'subject' }, step.body));
      }
      const { own, fixed } = headersOf(step.by ?? ['key'], key.key, tokens);
      const response = await fetch(api.url + targetOf(step, memory), {
        method: step.route.split(' ')[1] === undefined ? 'GET' : step.route.split(' ')[0],
        headers: {
          'content-type': 'application/json',
          // New ids have one length everywhere, but not when they are compressed.
          'accept-encoding': 'identity',
          ...own,
          ...mapValues(step.headers ?? {}, memory),
          ...fixed,
        },
        body: bodyOf(step),
      });
      const text = await response.text();
      const answer = canonical.answer(response, text);
      // Only answers of /v1: the documentation contains ids in its examples.
      if (step.route.includes('/v1/') && text !== '') memory.note(JSON.parse(text));
      return answer;
    },
    leave,
  };
}

function targetOf({ route, path = {}, query = {} }: Step, memory: Memory): string {
  const values = mapValues(path, memory);
  const template = route.split(' ')[1] ?? values.path ?? '/';
  const search = new URLSearchParams(mapValues(query, memory)).toString();
  const target = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values[name] ?? ''));
  return search ? `${target}?${search}` : target;
}

function bodyOf({ route, body }: Step): string | undefined {
  if (body === undefined || route.startsWith('GET')) return undefined;
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function mapValues(values: Readonly<Record<string, Parameters<Memory['valueOf']>[0]>>, memory: Memory) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, memory.valueOf(value)]));
}

async function plantSubject(superuser: Client, { keyId, secretDigest }: SubjectKey): Promise<string> {
  const { rows } = await superuser.query<{ id: string }>(
    `with organization as (
       insert into tenancy.organizations (slug, name, created_at) values ('subject', 'Subject', '2026-01-02T03:04:05.678Z')
       returning id
     ),
     member as (
       insert into tenancy.users (email, name) values ($3, 'Ada'), ($4, null), ($5, 'Cleo')
       on conflict (email) do update set name = excluded.name
       returning id, email
     ),
     membership as (
       insert into tenancy.memberships (org_id, user_id, role)
       select organization.id, member.id, case member.email when $3 then 'admin' else 'clerk' end
       from organization, member
     ),
     key as (
       insert into tenancy.api_keys (org_id, key_id, secret_digest, name, scopes, created_at)
       select id, $1, $2, 'First', '{read,write,admin}', '2026-01-02T03:04:05.678Z' from organization
     )
     select id from organization`,
    [keyId, secretDigest, emails.admin, emails.clerk, emails.ofBoth],
  );
  return rows[0]?.id ?? '';
}

/** Adds one member of the subject to the other organization. */
async function joinTheirs(superuser: Client, { id }: Victim): Promise<void> {
  await superuser.query(
    `with member as (insert into tenancy.users (email, name) values ($2, 'Cleo') returning id)
     insert into tenancy.memberships (org_id, user_id, role) select $1, id, 'admin' from member`,
    [id, emails.ofBoth],
  );
}

/** Ids that never existed are as old as real ones, so a cursor with either has the same place in a list. */
async function theirIds(superuser: Client, planted: Victim | undefined): Promise<Theirs> {
  const first = async (table: string) => {
    const { rows } = await superuser.query<{ id: string }>(
      `select coalesce((select id from ${table} where org_id = $1 limit 1), inventory.new_id()) as id`,
      [planted?.id],
    );
    return rows[0]?.id ?? '';
  };
  const item = await first('inventory.items');
  const entry = await first('inventory.entries');
  return {
    item,
    entry,
    movement: `${entry}.1`,
    reservation: await first('inventory.reservations'),
    organization: planted?.id ?? (await first('inventory.items')),
    key: base.keyId,
    slug: base.slug,
    cursor: Buffer.from(JSON.stringify([item, '1'])).toString('base64url'),
  };
}

/** Lets the other organization post until the returned function is called. */
function keepWriting(adminUrl: string, { apiKey }: Victim): () => Promise<void> {
  const stop = new AbortController();
  const key = parseApiKey(apiKey, keyEnvironment);
  const write = async () => {
    const client = new Client({ connectionString: loginUrl(adminUrl, 'stockade_api') });
    await client.connect();
    for (let index = 0; !stop.signal.aborted; index += 1) {
      const sku = shared.skus[index % shared.skus.length];
      await client.query('begin');
      await client.query('call tenancy.enter_with_key($1, $2, $3, $4)', [
        key?.keyId,
        key?.secretDigest,
        'write',
        [],
      ]);
      await client.query('select inventory.post_entry($1)', [
        {
          kind: 'receipt',
          reference: 'PO-1',
          lines: [{ sku, location: 'MAIN', lot: shared.lot, quantity: 1 }],
        },
      ]);
      await client.query('commit');
      // A limit of the rate, not a wait: the API runs on the same machine.
      await delay(10);
    }
    await client.end();
  };
  const written = write();
  return async () => {
    stop.abort();
    await written;
  };
}
