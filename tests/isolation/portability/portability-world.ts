import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { exportOrganization } from '#portability/export.ts';
import type { Manifest } from '#portability/manifest.ts';
import { type LoginRole, loginUrl } from '#scripts/local/logins.ts';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { suspendOrganization } from '#tenancy/suspension.ts';
import { type Outcome, run } from '#tests/commands/run.ts';
import { cloneDatabase, onCluster } from '#tests/template.ts';
import type { Caller, World } from '#tests/world.ts';

/** A second database, the cell that organizations move to, with commands for it, and a folder for exports. */
export interface Cell {
  readonly adminUrl: string;
  /** A connection as one of the real roles; closed at the end. */
  connect(role: LoginRole): Promise<Client>;
  /** A connection as the superuser; closed at the end. */
  superuser(): Promise<Client>;
}

/** A database of its own on the run's server, migrated. Call it at the top of the file. */
export function openCell(): Cell {
  const database = `cell_${randomUUID().replaceAll('-', '')}`;
  const adminUrl = new URL(inject('clusterUrl'));
  adminUrl.pathname = database;
  const clients: Client[] = [];

  beforeAll(async () => {
    await cloneDatabase(database);
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end()));
    await onCluster(`drop database ${database} with (force)`);
  });

  async function open(url: string): Promise<Client> {
    const client = await connect(url);
    clients.push(client);
    return client;
  }
  return {
    adminUrl: adminUrl.href,
    connect: (role) => open(loginUrl(adminUrl.href, role)),
    superuser: () => open(adminUrl.href),
  };
}

/** A folder for exports, gone at the end of the file; each call of what it returns names a new one in it. */
export function openFolder(): (name?: string) => string {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stockade-exports-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  return (name = randomUUID().slice(0, 8)) => join(folder, name);
}

async function connect(url: string): Promise<Client> {
  const client = new Client(url);
  // The end of the world terminates what is left.
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Runs a command against a database; `code` is the exit code, `json` the answer or the error. */
export async function act(
  script: `org/${'export' | 'import' | 'erase'}.ts`,
  adminUrl: string,
  args: readonly string[],
) {
  const outcome: Outcome = await run(script, [...args, '--json'], { DATABASE_URL: adminUrl });
  const text = outcome.exitCode === 0 ? outcome.stdout : outcome.stderr;
  // biome-ignore lint/suspicious/noExplicitAny: what it is, is what the tests ask
  return { code: outcome.exitCode, json: JSON.parse(text) as any };
}

/** Exports in this process, as the command does in its own. */
export async function exportTo(world: Pick<World, 'connect'>, id: string, to: string): Promise<Manifest> {
  const jobs = await world.connect('stockade_jobs');
  return await exportOrganization(jobs, id, { to });
}

/** What an attempt came to: `done`, or the SQLSTATE or message of its failure. */
export async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).message;
  }
}

export async function suspend(world: World, slug: string): Promise<void> {
  await suspendOrganization(await world.connect('stockade_admin'), slug);
}

/**
 * Digests of every table: of all rows, or of those that are not of one organization. A row is of the organization when
 * its id is anywhere in it.
 */
export async function digests(superuser: Client, except?: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const table of await allTables(superuser)) {
    const { rows } = await superuser.query(
      `select count(*) || ' ' || coalesce(md5(string_agg(r, '' order by r)), '') as digest
       from (select t::text as r from ${table} t) as t
       where $1::text is null or r not like '%' || $1 || '%'`,
      [except],
    );
    found[table] = rows[0].digest;
  }
  return found;
}

/** Tables in which the text occurs anywhere in a row, with how many rows. */
export async function tablesWith(superuser: Client, text: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const table of await allTables(superuser)) {
    const { rows } = await superuser.query(
      `select count(*)::int as n from ${table} t where t::text like '%' || $1 || '%'`,
      [text],
    );
    if (rows[0].n > 0) found[table] = rows[0].n;
  }
  return found;
}

async function allTables(superuser: Client): Promise<string[]> {
  const { rows } = await superuser.query(
    `select format('%I.%I', n.nspname, c.relname) as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and c.oid >= 16384 and n.nspname <> 'pg_toast'
     order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** Puts something of every kind into an organization, and what is hard to carry: Unicode, extremes, deep json. */
export async function fillTenant(world: World, tenant: Caller, email: string): Promise<void> {
  const odd = '\u2028 "quoted" \\n \u0001\u0085 Ünï 💡 \u{10ffff} \'; drop table x; --';
  await tenant.item('BOLT', {
    aliases: ['M8/40', 'Ü-alt'],
    metadata: { deep: nested(14), text: odd, big: 12345678901234, tiny: 1e-300 },
  });
  await tenant.item('Ü 日本💡', { unit: 'kg', allowNegative: true, reorderPoint: 0.0001 });
  await tenant.item('LOTTED', { tracking: 'lot' });
  await tenant.item('ONCE-NEGATIVE', { allowNegative: true });
  for (const code of ['MAIN', 'Außen lager']) await tenant.location(code);

  await tenant.post('opening', { sku: 'BOLT', location: 'MAIN', quantity: 99999999999.9999 });
  await tenant.post('issue', { sku: 'BOLT', location: 'MAIN', quantity: -0.0001 });
  await tenant.post('adjustment', { sku: 'Ü 日本💡', location: 'MAIN', quantity: -12345678901.2345 });
  await tenant.post('receipt', { sku: 'LOTTED', location: 'Außen lager', lot: 'ß – 1', quantity: 3 });
  await tenant.post('return', { sku: 'LOTTED', location: 'Außen lager', lot: 'ß2', quantity: 1.5 });
  // The stock is below zero, and its item may not go there any more.
  await tenant.post('issue', { sku: 'ONCE-NEGATIVE', location: 'MAIN', quantity: -5 });
  const patched = await tenant.request('PATCH', '/v1/items/ONCE-NEGATIVE', { allowNegative: false });
  expect(patched.status).toBe(200);

  const transfer = {
    from: 'MAIN',
    to: 'Außen lager',
    lines: [{ sku: 'BOLT', quantity: 7 }],
    reference: '"quoted" \\n Ünï 💡 \'; --',
  };
  const headers = { 'idempotency-key': 'transfer-1' };
  const moved = await tenant.request('POST', '/v1/transfers', transfer, headers);
  expect([moved.status, moved.body]).toEqual([201, expect.anything()]);
  const reversal = await tenant.request('POST', `/v1/entries/${moved.body.entryId}/reversal`, {});
  expect(reversal.status).toBe(201);
  await tenant.request('POST', '/v1/movements', {
    kind: 'receipt',
    occurredAt: '1999-12-31T23:59:59.999Z',
    lines: [{ sku: 'BOLT', location: 'Außen lager', quantity: 1 }],
    metadata: { odd },
  });
  await fillReservations(tenant, odd);

  const superuser = await world.superuser();
  const user = await superuser.query(
    `insert into tenancy.users (email, name) values ($1, $2)
     on conflict (email) do update set email = excluded.email returning id`,
    [email, `Ada ${odd}`],
  );
  await superuser.query(`insert into tenancy.memberships (org_id, user_id, role) values ($1, $2, 'admin')`, [
    tenant.id,
    user.rows[0].id,
  ]);
  await superuser.query(
    `with file as (
       insert into inventory.imports (org_id, file_digest, profile_digest, file_name, rejected)
       values ($1, sha256('a'), sha256('b'), 'stock ü.csv', 1)
       returning id
     )
     insert into inventory.import_rejects (org_id, import_id, line, reason)
     select $1, id, 9007199254740993, $2 from file`,
    [tenant.id, odd],
  );
  await superuser.query(
    `insert into tenancy.security_events (org_id, minute, kind, actor, named, first_request_id)
     values ($1, date_trunc('minute', now()), 'organization_mismatch', 'key:abcdefghijkl', 'nobody ?', 'request-1')`,
    [tenant.id],
  );
  // A count is posted by no route yet.
  await superuser.query('begin');
  await superuser.query('select tenancy.enter_as_job($1)', [tenant.id]);
  await superuser.query(
    `with entry as (
       insert into inventory.entries (org_id, id, kind, occurred_at, recorded_at, actor)
       values ($1, inventory.new_id(), 'count', '1900-01-01Z', now(), 'job')
       returning *
     )
     insert into inventory.movements (org_id, entry_id, line, item_id, location_id, quantity, occurred_at, recorded_at)
     select e.org_id, e.id, 1, i.id, l.id, 2, e.occurred_at, e.recorded_at
     from entry e
     join inventory.items i on i.org_id = e.org_id and i.sku = 'Ü 日本💡'
     join inventory.locations l on l.org_id = e.org_id and l.code = 'MAIN'`,
    [tenant.id],
  );
  await superuser.query('commit');
  await sealTenant(world, tenant.id);
}

/** Seals what is there, so that what moves is sealed; the bucket is another's. */
async function sealTenant(world: Pick<World, 'connect'>, orgId: string): Promise<void> {
  const jobs = await world.connect('stockade_jobs');
  await sealOrganization(jobs, orgId, { mostMovements: 4 });
  await inOrganizationAsJob(jobs, orgId, 'write', {
    text: `select inventory.note_seal_anchor(1, 'elsewhere', 'seals/1.json', null)`,
  });
}

/** Holds: one beyond the stock, one of which a part is committed and a part released, one that is closed, one that has expired. */
async function fillReservations(tenant: Caller, odd: string): Promise<void> {
  const lot = { sku: 'LOTTED', location: 'Außen lager', lot: 'ß – 1' };
  const reserve = async (line: object, more: object = {}) => {
    const answer = await tenant.request('POST', '/v1/reservations', { lines: [line], ...more });
    expect([answer.status, answer.body]).toEqual([201, expect.anything()]);
    return (action: string, body: object) =>
      tenant.request('POST', `/v1/reservations/${answer.body.id}/${action}`, body);
  };
  await reserve(
    { sku: 'Ü 日本💡', location: 'MAIN', quantity: 99999999999.9999 - 12345678901.2345 },
    { metadata: { odd } },
  );
  const settle = await reserve({ ...lot, quantity: 2 }, { reference: 'Ünï 💡 cart' });
  expect((await settle('commit', { lines: [{ ...lot, quantity: 0.5 }] })).status).toBe(200);
  expect((await settle('release', { lines: [{ ...lot, quantity: 0.25 }] })).status).toBe(200);
  const close = await reserve({ ...lot, quantity: 0.0001 });
  expect((await close('release', {})).status).toBe(200);
  const expiresAt = new Date(Date.now() + 200).toISOString();
  await reserve({ ...lot, quantity: 0.125 }, { expiresAt });
}

function nested(depth: number): unknown {
  return depth === 0 ? [null, true, 'ende'] : { [`level ${depth}`]: [nested(depth - 1)] };
}
