import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reconcileDue } from '#audit/reconciliation/runs/job.ts';
import { verifyLedger } from '#audit/seals/verify-ledger.ts';
import { exportOrganization } from '#portability/export.ts';
import { proveCopy } from '#recovery/proofs/prove-copy.ts';
import { openAws } from '#tests/aws.ts';
import { noLimit, openBooks } from '#tests/reconciliation/books.ts';
import type { Caller } from '#tests/world.ts';

/** A superuser drops the constraints and writes what they refuse: it is a finding of that organization, and the others go on. */

const books = openBooks();
const aws = openAws();

/** What is written into each organization, after it was sealed once. */
const bad = {
  'nan-balance': (id: string) =>
    run(`update inventory.balances set on_hand = 'NaN', version = version + 1 where ${item(id, 'A')}`),
  'nan-movement': (id: string) => insertEntry(id, `'NaN'`, 'now()', 'now()'),
  'infinite-occurred': (id: string) => insertEntry(id, '1', `'infinity'`, 'now()'),
  'infinite-recorded': (id: string) => insertEntry(id, '1', 'now()', `'infinity'`),
  'bc-recorded': (id: string) => insertEntry(id, '1', 'now()', `'0044-03-15 BC'`),
  'far-recorded': (id: string) => insertEntry(id, '1', 'now()', `'294276-01-01Z'`),
  'entry-alone': (id: string) =>
    run(`insert into inventory.entries (org_id, id, kind, occurred_at, recorded_at, actor)
      values ('${id}', inventory.new_id(), 'adjustment', now(), now(), 'superuser')`),
  'sealed-nan': (id: string) => run(`update inventory.movements set quantity = 'NaN' where ${item(id, 'A')}`),
  'sealed-far': (id: string) =>
    run(`update inventory.movements set recorded_at = '294276-01-01Z' where ${item(id, 'A')}`),
  'closing-nan': (id: string) =>
    run(`update inventory.seal_closings set on_hand = 'NaN' where ${item(id, 'A')}`),
} as const;
type Bad = keyof typeof bad;
const names = ['first', ...(Object.keys(bad) as Bad[]), 'last'];
const tenants = new Map<string, Caller>();
const of = (name: string) => tenants.get(name) as Caller;
let folder: string;

const item = (id: string, sku: string) =>
  `org_id = '${id}' and item_id = (select id from inventory.items where org_id = '${id}' and sku = '${sku}')`;
const run = (text: string) => books.superuser.query(text);

async function insertEntry(id: string, quantity: string, occurredAt: string, recordedAt: string) {
  await run(`with entry as (
      insert into inventory.entries (org_id, id, kind, occurred_at, recorded_at, actor)
      values ('${id}', inventory.new_id(), 'adjustment', ${occurredAt}, ${recordedAt}, 'superuser')
      returning *
    )
    insert into inventory.movements (org_id, entry_id, line, item_id, location_id, lot, quantity, occurred_at, recorded_at)
    select e.org_id, e.id, 1, i.id, l.id, '', ${quantity}, e.occurred_at, e.recorded_at
    from entry e
    join inventory.items i on i.org_id = e.org_id and i.sku = 'B'
    join inventory.locations l on l.org_id = e.org_id`);
}

/** Runs work while the tables of the ledger have no constraint and may be changed. */
async function unguarded(work: () => Promise<unknown>): Promise<void> {
  const tables = ['movements', 'entries', 'balances', 'seal_closings'];
  const { rows } = await run(
    `select conrelid::regclass::text as table, conname as name from pg_constraint
     where contype = 'c' and conrelid = any ('{inventory.${tables.join(',inventory.')}}'::regclass[])`,
  );
  for (const { table, name } of rows) await run(`alter table ${table} drop constraint ${name}`);
  const guarded = ['movements', 'seal_closings'];
  for (const table of guarded) await run(`alter table inventory.${table} disable trigger append_only`);
  await work();
  for (const table of guarded) await run(`alter table inventory.${table} enable always trigger append_only`);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stockade-bad-rows-'));
  for (const name of names) tenants.set(name, await books.organization());
  await books.settleDue();
  for (const tenant of tenants.values())
    await tenant.post('receipt', { sku: 'C', location: 'MAIN', quantity: 1 });
  await unguarded(async () => {
    for (const name of Object.keys(bad) as Bad[]) await bad[name](of(name).id);
  });
  await books.makeDue(...tenants.values());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the daily job reports each value to its organization, seals no ledger with one, and seals the others', async () => {
  const before = aws.alerts().length;
  expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({
    organizations: names.length,
    failed: 0,
    caughtUp: true,
  });
  const alerts = aws
    .alerts()
    .slice(before)
    .filter(({ name }) => name === 'BalanceDiscrepancy');
  const told = (name: string) =>
    alerts
      .filter(({ message }) => message.includes(of(name).slug))
      .map(({ message }) => message)
      .join();
  for (const [name, value] of [
    ['nan-movement', 'quantity NaN'],
    ['infinite-occurred', 'occurred_at infinity'],
    ['infinite-recorded', 'recorded_at infinity'],
    ['bc-recorded', 'recorded_at 0044-03-15 00:00:00+00 BC'],
    ['far-recorded', 'recorded_at 294276-01-01 00:00:00+00'],
  ] as const)
    expect([name, told(name)]).toEqual([
      name,
      expect.stringContaining(`${value}, which a constraint of the schema refuses`),
    ]);
  const { rows } = await run(
    'select o.slug, count(s.seq)::int as seals from tenancy.organizations o left join inventory.seals s on s.org_id = o.id group by 1',
  );
  const seals = new Map(rows.map(({ slug, seals }) => [slug, seals]));
  expect(told('entry-alone')).toMatch(
    /entry [0-9a-f-]{36} has no movements: somebody deleted them, or wrote the entry/,
  );
  for (const name of ['first', 'last'])
    expect([name, told(name), seals.get(of(name).slug)]).toEqual([name, '', 2]);
  for (const name of [
    'nan-movement',
    'infinite-occurred',
    'infinite-recorded',
    'bc-recorded',
    'far-recorded',
    'entry-alone',
  ])
    expect([name, seals.get(of(name).slug)]).toEqual([name, 1]);
});

test.each(['nan-balance', 'sealed-nan', 'closing-nan'])(
  'a full run finds %s and leaves it to people',
  async (name) => {
    await books.makeDue(of(name));
    const report = await books.reconcile(of(name));
    expect(report).toMatchObject({ finished: true, clean: false, corrected: 0 });
    expect(report.alerted).toBeGreaterThan(0);
  },
);

test('every ledger is verified, and the faults are of those that were written to', async () => {
  const faulty = [];
  for (const name of names) {
    const { ok, faults } = await verifyLedger(books.jobs, of(name).id);
    if (!ok) faulty.push([name, ...new Set(faults.map(({ kind }) => kind))]);
  }
  expect(faulty).toEqual([
    ['sealed-nan', 'movement_altered'],
    ['sealed-far', 'movement_altered'],
    ['closing-nan', 'closing_altered'],
  ]);
});

test('an organization can be exported, whatever it holds', async () => {
  for (const name of ['first', 'nan-balance', 'infinite-recorded', 'far-recorded'])
    await expect(
      exportOrganization(books.jobs, of(name).id, { to: join(folder, name) }),
    ).resolves.toMatchObject({
      organization: { slug: of(name).slug },
    });
});

test('the proofs of a copy examine every organization, and name those with a fault', async () => {
  const { outcomes } = await proveCopy({
    // None of these proofs reads the book of migrations.
    book: {} as never,
    connectionString: books.world.adminUrl,
    asOf: new Date(),
    requestedAt: new Date(),
    only: ['balances', 'seals', 'loss'],
    production: (work) => work(books.jobs),
  });
  const named = new Map(
    outcomes.map(({ proof, faults }) => [
      proof,
      names.filter((name) => faults.some((fault) => fault.startsWith(of(name).slug))),
    ]),
  );
  expect(named.get('balances')).toEqual(['nan-balance', 'nan-movement', 'sealed-nan', 'closing-nan']);
  expect(named.get('seals')).toEqual(['sealed-nan', 'sealed-far', 'closing-nan']);
  expect(outcomes.map(({ proof, verdict }) => [proof, verdict])).toEqual([
    ['balances', 'failed'],
    ['seals', 'failed'],
    ['loss', 'passed'],
  ]);
  expect(outcomes[0]?.figures.organizations).toBe(names.length);
});

test('what others ask for is answered, whatever an organization holds', async () => {
  for (const name of names)
    for (const path of [
      'items',
      'movements',
      'balances',
      'balances?asOf=2026-01-01T00:00:00Z',
      'reconciliations',
      'seals',
    ])
      expect([name, path, (await of(name).request('GET', `/v1/${path}`)).status]).toEqual([name, path, 200]);
});
