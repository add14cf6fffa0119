import { createHash, randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { type ImportJob, type ImportReport, importFile } from '#ledger/imports/import-file.ts';
import { parseProfile, profileDigest } from '#ledger/imports/lines/profile.ts';
import { oneOrganization, organizationsByName } from '#ledger/imports/organizations.ts';
import type { ImportDatabase } from './database.ts';

/** How the tests' files look: `org,sku,qty,ref`, quantities as they move. */
export const plainProfile = {
  organization: { column: 'org' },
  sku: { column: 'sku' },
  quantity: { column: 'qty', sign: 'in' },
  location: { constant: 'main' },
  reference: { column: 'ref' },
};

export type Rejects = [line: number, reason: string][];

export interface Run {
  readonly report: ImportReport;
  readonly rejects: Rejects;
}

export type RunOptions = Partial<Omit<ImportJob, 'profile' | 'source' | 'rejects' | 'jobs'>> & {
  /** The first connection. It is ended with the run. */
  readonly jobs?: Client;
  /** How many connections there are beside the first one. */
  readonly more?: number;
  readonly profile?: object;
  readonly source?: AsyncIterable<Buffer>;
};

/** Imports a text with the engine, as the real roles. */
export async function run(database: ImportDatabase, text: string, options: RunOptions = {}): Promise<Run> {
  const profile = parseProfile(options.profile ?? plainProfile);
  const rejects: Rejects = [];
  const importWith = (admin: Client, jobs: [Client, ...Client[]]) =>
    importFile({
      fileName: 'test.csv',
      fileDigest: createHash('sha256').update(text).digest(),
      profileDigest: profileDigest(profile),
      createMissing: true,
      retryRejects: false,
      trial: false,
      again: false,
      batchLines: 1_000,
      organizations: organizationsByName(admin, {
        create: true,
        trial: options.trial ?? false,
        values: profile.organization?.values,
      }),
      ...options,
      jobs,
      profile,
      source: options.source ?? chunks(text),
      rejects: async ({ line, reason }) => {
        rejects.push([line, reason]);
      },
    });
  const { jobs, more = jobs ? 0 : 2 } = options;
  const report = await database
    .lend('stockade_admin', (admin) => withJobs(database, more, jobs, (all) => importWith(admin, all)))
    .finally(() => jobs?.end().catch(() => {}));
  return { report, rejects };
}

/** Lends some connections as stockade_jobs, after one that is there already. */
async function withJobs<T>(
  database: ImportDatabase,
  count: number,
  first: Client | undefined,
  work: (jobs: [Client, ...Client[]]) => Promise<T>,
): Promise<T> {
  if (count === 0 && first) return await work([first]);
  return await database.lend('stockade_jobs', (lent) =>
    first
      ? withJobs(database, count - 1, lent, (others) => work([first, ...others]))
      : withJobs(database, count, lent, work),
  );
}

/** The file as it would be read from a disk, in pieces. */
export async function* chunks(text: string, bytes = 1_000): AsyncGenerator<Buffer> {
  const file = Buffer.from(text);
  for (let at = 0; at < file.length; at += bytes) yield file.subarray(at, at + bytes);
}

/** A new organization, for a file of its own lines. */
export async function newOrganization(database: ImportDatabase) {
  const slug = `org-${randomUUID().slice(0, 13)}`;
  const [row] = await database.ask(
    'insert into tenancy.organizations (slug, name) values ($1, $1) returning id',
    [slug],
  );
  const organization = { id: row.id as string, slug };
  return { ...organization, directory: oneOrganization(organization) };
}

/** What is on hand, by SKU. */
export async function onHand(database: ImportDatabase, slug: string): Promise<Record<string, number>> {
  const rows = await database.ask(
    `select i.sku, sum(b.on_hand)::float8 as on_hand
     from inventory.balances b
     join inventory.items i on i.org_id = b.org_id and i.id = b.item_id
     join tenancy.organizations o on o.id = b.org_id
     where o.slug = $1
     group by i.sku
     order by i.sku`,
    [slug],
  );
  return Object.fromEntries(rows.map((row) => [row.sku, row.on_hand]));
}

/** Every entry of an organization as the line it begins on, and its movements. */
export async function ledgerOf(database: ImportDatabase, slug: string): Promise<string[]> {
  const rows = await database.ask(
    `select format('%s %s %s: %s', e.metadata ->> 'line', e.kind, e.reference,
       string_agg(format('%s %s', i.sku, trim_scale(m.quantity)), ', ' order by m.line)) as entry
     from inventory.entries e
     join inventory.movements m on m.org_id = e.org_id and m.entry_id = e.id
     join inventory.items i on i.org_id = m.org_id and i.id = m.item_id
     join tenancy.organizations o on o.id = e.org_id
     where o.slug = $1
     group by e.id, e.metadata, e.kind, e.reference
     order by (e.metadata ->> 'line')::int`,
    [slug],
  );
  return rows.map(({ entry }) => entry);
}

/** Ends a connection from the server's side while its statement number `at` runs. */
export function breakAt(database: ImportDatabase, jobs: Client, at: number): void {
  const query = jobs.query.bind(jobs) as (...args: unknown[]) => Promise<unknown>;
  let sent = 0;
  const counted = async (...args: unknown[]) => {
    sent += 1;
    if (sent !== at) return await query(...args);
    const { processID } = jobs as unknown as { processID: number };
    const [answer] = await Promise.all([
      query(...args),
      database.ask('select pg_terminate_backend($1)', [processID]),
    ]);
    return answer;
  };
  jobs.query = counted as unknown as typeof jobs.query;
}
