import { createHash, randomUUID } from 'node:crypto';
import { Client } from 'pg';
import type { RunKind } from '#audit/reconciliation/runs/lease.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { postEntry, postTransfer, reverseEntry } from '#ledger/entries.ts';
import { importFile } from '#ledger/imports/import-file.ts';
import { parseProfile, profileDigest } from '#ledger/imports/lines/profile.ts';
import { oneOrganization } from '#ledger/imports/organizations.ts';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { toProblem } from '#platform/postgres/sqlstate.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { createOrganization } from '#tenancy/organizations.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { asSuperuser } from '../clone.ts';
import { asJobs, reconcile } from './fixture.ts';
import { type LockWait, watchLockWaits } from './lock-waits.ts';

/** The result of reconciling in a loop while writers post and import. */
export interface LoadReport {
  readonly runs: number;
  readonly seals: number;
  /** Balances that a run reported as wrong. Every one is a false alarm. */
  readonly found: number;
  readonly postings: number;
  /** Lines that were imported meanwhile. */
  readonly imported: number;
  /** Waits of writers for the job that were longer than allowed. */
  readonly waits: readonly LockWait[];
}

const writers = 8;
const skus = Array.from({ length: 12 }, (_, index) => `S${index}`);
const places = ['A', 'B', 'C'];
const keyEnvironment = 'load';

/** The longest that a writer may wait because of the job. */
export const longestWaitMs = 50;

/**
 * Reconciles an organization in a loop, from its last seal and in full in turn, and seals after each clean run. Meanwhile
 * eight connections write: seven post transfers, receipts, issues, backdated entries and reversals, and one imports files.
 * `adminUrl` is the URL of a migrated database for the superuser; `logFile` is the log of its server.
 */
export async function runUnderLoad(
  { adminUrl, logFile }: { readonly adminUrl: string; readonly logFile: string },
  durationMs: number,
): Promise<LoadReport> {
  await logLockWaits(adminUrl);
  process.env[environment.databaseUrl] = loginUrl(adminUrl, 'stockade_api');
  process.env[environment.databaseMaxConnections] = String(writers);
  const { orgId, tenant } = await loadTenant(adminUrl);
  const until = performance.now() + durationMs;
  const isOver = () => performance.now() > until;

  try {
    return await asJobs(adminUrl, async (jobs) => {
      const { rows } = await jobs.query<{ pid: number }>('select pg_backend_pid() as pid');
      const waits = await watchLockWaits(logFile, rows[0]?.pid ?? 0);
      const [counted, written, imported] = await Promise.all([
        reconcileUntil(jobs, orgId, isOver),
        Promise.all(Array.from({ length: writers - 1 }, (_, writer) => writeUntil(tenant, writer, isOver))),
        importUntil(adminUrl, orgId, isOver),
      ]);
      const postings = written.reduce((sum, each) => sum + each, 0);
      return { ...counted, postings, imported, waits: await waits.read() };
    });
  } finally {
    await closeDatabase();
  }
}

type Counted = Pick<LoadReport, 'runs' | 'seals' | 'found'>;

async function reconcileUntil(jobs: Client, orgId: string, isOver: () => boolean): Promise<Counted> {
  let [runs, seals, found] = [0, 0, 0];
  // At least three runs, even on a slow machine: one of them is in full and the others start from a seal.
  for (; runs < 3 || !isOver(); runs += 1) {
    const kind: RunKind = runs % 3 === 0 ? 'full' : 'daily';
    const report = await reconcile(jobs, orgId, kind);
    found += report.found;
    if (report.clean) seals += (await sealOrganization(jobs, orgId)).seals.length;
  }
  return { runs, seals, found };
}

async function writeUntil(tenant: Tenant, writer: number, isOver: () => boolean): Promise<number> {
  const posted: string[] = [];
  let postings = 0;
  const sku = (turn: number) => skus[(turn * 5 + writer) % skus.length] ?? '';
  const place = (turn: number) => places[(turn + writer) % places.length] ?? '';
  for (let turn = 0; !isOver(); turn += 1) {
    try {
      const quantity = 1 + (turn % 7) / 4;
      const lines = [
        { sku: sku(turn), location: place(turn), quantity },
        { sku: sku(turn + 3), location: place(turn + 1), quantity },
      ];
      const entry = await [
        () =>
          postTransfer(tenant, {
            from: place(turn),
            to: place(turn + 1),
            lines: [{ sku: sku(turn), quantity }],
          }),
        () => postEntry(tenant, { kind: 'receipt', lines }),
        () => postEntry(tenant, { kind: 'receipt', occurredAt: '2020-02-02T02:02:02Z', lines }),
        () =>
          postEntry(tenant, {
            kind: 'issue',
            lines: lines.map((line) => ({ ...line, quantity: -line.quantity })),
          }),
        () => reverseEntry(tenant, posted.shift() ?? randomUUID(), {}),
      ][turn % 5]?.();
      if (entry && turn % 5 !== 4) posted.push(entry.entryId);
      postings += 1;
    } catch (error) {
      // A writer may be refused, for example when the stock is too low.
      if (!toProblem(error)) throw error;
    }
  }
  return postings;
}

async function importUntil(adminUrl: string, orgId: string, isOver: () => boolean): Promise<number> {
  const profile = parseProfile({
    sku: { column: 'sku' },
    quantity: { column: 'qty', sign: 'in' },
    location: { column: 'place' },
  });
  let applied = 0;
  await asJobs(adminUrl, async (jobs) => {
    for (let turn = 0; !isOver(); turn += 1) {
      const rows = Array.from(
        { length: 200 },
        (_, n) => `${skus[(n + turn) % skus.length]},1,${places[n % places.length]}`,
      );
      const text = `sku,qty,place\n${rows.join('\n')}\n${skus[0]},${turn + 1},A\n`;
      const report = await importFile({
        fileName: 'load.csv',
        fileDigest: createHash('sha256').update(text).digest(),
        profileDigest: profileDigest(profile),
        createMissing: false,
        retryRejects: false,
        trial: false,
        again: false,
        batchLines: 100,
        organizations: oneOrganization({ id: orgId, slug: 'load' }),
        jobs: [jobs],
        profile,
        source: (async function* () {
          yield Buffer.from(text);
        })(),
        rejects: async () => {},
      });
      applied += report.applied;
    }
  });
  return applied;
}

/** Makes the server log every wait for a lock that is longer than allowed, and its cause. */
export async function logLockWaits(adminUrl: string): Promise<void> {
  await asSuperuser(adminUrl, async (superuser) => {
    const { rows } = await superuser.query('select quote_ident(current_database()) as name');
    await superuser.query(`alter database ${rows[0].name} set deadlock_timeout = ${longestWaitMs}`);
    await superuser.query(`alter database ${rows[0].name} set log_lock_waits = on`);
  });
}

/** Creates an organization to write to, and its credentials. */
export async function loadTenant(adminUrl: string): Promise<{ orgId: string; tenant: Tenant }> {
  const admin = new Client(loginUrl(adminUrl, 'stockade_admin'));
  await admin.connect();
  try {
    const slug = `load-${randomUUID().slice(0, 8)}`;
    const { id, apiKey } = await createOrganization(admin, { slug, name: slug }, keyEnvironment);
    await asJobs(adminUrl, async (jobs) => {
      await jobs.query('begin');
      await jobs.query('select tenancy.enter_as_job($1)', [id]);
      for (const sku of skus) await jobs.query('select inventory.create_item($1)', [{ sku, name: sku }]);
      for (const code of places)
        await jobs.query('select inventory.create_location($1)', [{ code, name: code }]);
      await jobs.query('commit');
    });
    return {
      orgId: id,
      tenant: { credentials: { key: parseApiKey(apiKey, keyEnvironment), selectors: [] }, scope: 'write' },
    };
  } finally {
    await admin.end();
  }
}
