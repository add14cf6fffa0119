import { afterAll, beforeAll, expect, test } from 'vitest';
import { handler } from '#functions/jobs/reconcile-balances.lambda.ts';
import { applyRun } from '#ledger/reconcile/apply.ts';
import { reconcileDue } from '#ledger/reconcile/job.ts';
import { takeLease } from '#ledger/reconcile/lease.ts';
import { previewRun } from '#ledger/reconcile/preview.ts';
import { closeDatabase } from '#platform/database.ts';
import { environment } from '#platform/environment.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { openAws } from '#tests/aws.ts';
import type { Caller } from '#tests/world.ts';
import { noLimit, openBooks } from './books.ts';

const books = openBooks();
const aws = openAws();

/** Nobody is due but whom a test makes due. */
async function settleDue(): Promise<void> {
  await reconcileDue(books.jobs, noLimit);
}

async function makeDue(...tenants: readonly Caller[]): Promise<void> {
  for (const { id } of tenants) {
    await books.superuser.query(
      `insert into inventory.reconciliation_state (org_id) values ($1)
       on conflict (org_id) do update set due_at = '-infinity', lease = null, leased_until = null`,
      [id],
    );
  }
}

async function runs(tenant: Caller): Promise<{ status: string; found: number; error: string | null }[]> {
  const { rows } = await books.superuser.query(
    `select status, found::int, error from inventory.reconciliation_runs where org_id = $1 order by id`,
    [tenant.id],
  );
  return rows;
}

beforeAll(() => {
  process.env[environment.jobsDatabaseUrl] = loginUrl(books.world.adminUrl, 'stockade_jobs');
});
afterAll(() => closeDatabase());

test('the function reconciles and seals who is due, beats its heart, and has nothing to do the next time', async () => {
  const tenants = [await books.organization(), await books.organization()];
  const first = await handler({}, { getRemainingTimeInMillis: () => 60_000 });
  expect(first).toMatchObject({ failed: 0, alerted: 0, caughtUp: true });
  expect(first.organizations).toBeGreaterThanOrEqual(2);
  expect(first.sealed).toBeGreaterThanOrEqual(2);
  for (const tenant of tenants)
    expect(await runs(tenant)).toEqual([{ status: 'finished', found: 0, error: null }]);
  expect(await handler({}, { getRemainingTimeInMillis: () => 60_000 })).toMatchObject({
    organizations: 0,
    caughtUp: true,
  });
});

test('one alert of a run: figures, cause, and what to type', async () => {
  const acme = await books.organization();
  await settleDue();
  await books.write(acme, 'B', 'on_hand = on_hand * 2');
  await books.write(acme, 'C', 'on_hand = on_hand * 2');
  await acme.post(
    'receipt',
    { sku: 'B', location: 'MAIN', quantity: 1 },
    { sku: 'C', location: 'MAIN', quantity: 1 },
  );
  await makeDue(acme);
  const before = aws.alerts().length;
  expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ alerted: 2, sealed: 0 });
  const alerts = aws.alerts().slice(before);
  expect(alerts).toHaveLength(1);
  const said = JSON.stringify(alerts[0]);
  expect(said).toContain('BalanceDiscrepancy');
  expect(said).toContain('B at MAIN: 201 on hand after 3 movements stored, 101 on hand after 3 movements');
  expect(said).toContain('direct_write');
  const { rows } = await books.superuser.query(
    'select id from inventory.reconciliation_runs where org_id = $1 order by id desc limit 1',
    [acme.id],
  );
  expect(said).toContain(`npm run reconcile:balances -- --org ${acme.slug} --apply ${rows[0].id} --dry-run`);
});

test('seals that the bucket refuses are told; when it only does not answer they wait for the next run', async () => {
  const acme = await books.organization();
  const before = aws.alerts().length;
  const endFault = aws.local.s3.faults.inject('down');
  try {
    expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ failed: 0, sealed: 1 });
    expect(aws.alerts()).toHaveLength(before);
  } finally {
    endFault();
  }
  await makeDue(acme);
  const endDenial = aws.local.s3.faults.inject('denied', { operation: 'PutObject' });
  try {
    expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ failed: 0 });
    const said = aws.alerts().slice(before);
    expect(said).toMatchObject([{ name: 'SealsNotAnchored', severity: 'warning' }]);
    expect(said[0]?.message).toContain(`npm run seal -- --org ${acme.slug}`);
  } finally {
    endDenial();
  }
  await makeDue(acme);
  await settleDue();
  expect(aws.evidenceKeys().filter((key) => key.includes(acme.id))).toHaveLength(1);
});

test('one organization that fails is reported, and the others go on', async () => {
  const [bad, good] = [await books.organization(), await books.organization()];
  await settleDue();
  await makeDue(bad, good);
  await books.superuser.query(`
    create or replace function public.fail() returns trigger language plpgsql as $$
    begin raise exception 'the disk of this organization is on fire'; end $$;
    create trigger fail before update on inventory.reconciliation_runs for each row
      when (old.org_id = '${bad.id}' and new.status = 'running') execute function public.fail()`);
  try {
    const before = aws.alerts().length;
    const tick = await reconcileDue(books.jobs, noLimit);
    expect(tick).toMatchObject({ organizations: 2, failed: 1, caughtUp: true });
    expect((await runs(good)).at(-1)).toMatchObject({ status: 'finished' });
    expect((await runs(bad)).at(-1)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('on fire'),
    });
    const said = JSON.stringify(aws.alerts().slice(before));
    expect(said).toContain(`${bad.slug}: the disk of this organization is on fire`);
    expect(said).not.toContain(good.slug);
    const told = aws.alerts().length;
    for (const failures of [2, 3, 24, 25]) {
      await makeDue(bad);
      await books.superuser.query(
        'update inventory.reconciliation_state set failures = $2 where org_id = $1',
        [bad.id, failures - 1],
      );
      expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ failed: 1 });
    }
    // It is tried every hour: one more alert, a day after the first.
    expect(aws.alerts()).toHaveLength(told + 1);
  } finally {
    await books.superuser.query(
      'drop trigger fail on inventory.reconciliation_runs; drop function public.fail()',
    );
  }
});

test('a trigger that is away is one alert for the database, and nothing is sealed', async () => {
  const tenants = [await books.organization(), await books.organization()];
  await settleDue();
  for (const tenant of tenants) await tenant.post('receipt', { sku: 'A', location: 'MAIN', quantity: 1 });
  await makeDue(...tenants);
  await books.superuser.query('alter table inventory.movements disable trigger append_only');
  try {
    const before = aws.alerts().length;
    expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ organizations: 2, sealed: 0 });
    const alerts = aws.alerts().slice(before);
    expect(alerts).toHaveLength(1);
    expect(JSON.stringify(alerts)).toContain('append_only on inventory.movements is disabled');
  } finally {
    await books.superuser.query('alter table inventory.movements enable always trigger append_only');
  }
});

test('a trigger that stays away is told at once, again after a day, and anew when it was put right in between', async () => {
  const connections = await Promise.all(
    Array.from({ length: 5 }, () => books.world.connect('stockade_jobs')),
  );
  const before = aws.alerts().length;
  const told = () => aws.alerts().length - before;
  const ticks = () => Promise.all(connections.map((jobs) => reconcileDue(jobs, noLimit)));
  const alter = (change: string) => books.superuser.query(`alter table inventory.movements ${change}`);
  await settleDue();
  try {
    await alter('disable trigger append_only');
    await ticks();
    await ticks();
    expect(told()).toBe(1);
    await books.superuser.query(
      `update inventory.told_trigger_faults set told_at = told_at - interval '24 hours'`,
    );
    await ticks();
    expect(told()).toBe(2);
    // Another one is news, whatever is known.
    await alter('disable trigger above_seal_boundary');
    await ticks();
    expect(told()).toBe(3);
    expect(aws.alerts().at(-1)?.message).toMatch(/above_seal_boundary.*append_only/s);
    await alter('enable always trigger above_seal_boundary');
    await ticks();
    expect(told()).toBe(3);
    await alter('disable trigger above_seal_boundary');
    await ticks();
    expect(told()).toBe(4);
  } finally {
    await alter('enable always trigger above_seal_boundary');
    await alter('enable always trigger append_only');
  }
  await ticks();
  expect(told()).toBe(4);
});

test('an alert that could not be published is published by the next tick', async () => {
  await settleDue();
  await books.superuser.query('alter table inventory.movements disable trigger append_only');
  const endFault = aws.local.sns.faults.inject('down', { operation: 'Publish' });
  try {
    const before = aws.alerts().length;
    await expect(reconcileDue(books.jobs, noLimit)).rejects.toMatchObject({ code: 'unavailable' });
    expect(aws.alerts()).toHaveLength(before);
    endFault();
    await reconcileDue(books.jobs, noLimit);
    expect(aws.alerts()).toHaveLength(before + 1);
  } finally {
    endFault();
    await books.superuser.query('alter table inventory.movements enable always trigger append_only');
  }
});

test('ten ticks at once take every organization once', async () => {
  const tenants: Caller[] = [];
  for (let n = 0; n < 4; n += 1) tenants.push(await books.organization());
  await settleDue();
  await makeDue(...tenants);
  const connections = await Promise.all(
    Array.from({ length: 10 }, () => books.world.connect('stockade_jobs')),
  );
  const ticks = await Promise.all(connections.map((jobs) => reconcileDue(jobs, noLimit)));
  expect(ticks.reduce((sum, { organizations }) => sum + organizations, 0)).toBe(4);
  expect(ticks.map(({ failed }) => failed)).toEqual(Array(10).fill(0));
  for (const tenant of tenants) expect(await runs(tenant)).toHaveLength(2);
});

test('out of time it stops behind the last step, and the next tick goes on from there', async () => {
  const acme = await books.organization();
  await settleDue();
  await makeDue(acme);
  // Not one statement for everything: two items a step.
  const lease = await takeLease(books.jobs, acme.id);
  const { rows } = await books.superuser.query(
    `with run as (
       insert into inventory.reconciliation_runs (org_id, kind) values ($1, 'full') returning id
     )
     update inventory.reconciliation_state
     set run_id = run.id, checkpoint = '{"step": "history", "afterItem": null, "movementsPerStep": 4}'
     from run where org_id = $1 returning run.id`,
    [acme.id],
  );
  expect(lease).toBeDefined();
  let calls = 0;
  await books.write(acme, 'A', 'on_hand = on_hand + 1');
  await books.superuser.query(
    'update inventory.reconciliation_state set lease = null, leased_until = null where org_id = $1',
    [acme.id],
  );
  // Time for one step.
  const stopped = await books.reconcile(acme, { time: { remainingMs: () => (calls++ < 2 ? 60_000 : 0) } });
  expect(stopped).toMatchObject({ finished: false, runId: rows[0].id, keysChecked: 2, found: 1 });
  const done = await books.reconcile(acme);
  expect(done).toMatchObject({ finished: true, runId: rows[0].id, keysChecked: 4, found: 1, corrected: 1 });
});

test('a statement that does not end in time is tried with less the next time', async () => {
  const acme = await books.organization();
  const locker = await books.world.superuser();
  await locker.query('begin');
  await locker.query('lock table inventory.items in access exclusive mode');
  await locker.query('lock table inventory.balances in access exclusive mode');
  const stopped = await books
    .reconcile(acme, { time: { remainingMs: () => 10_000 + 1 } })
    .catch((error) => error);
  await locker.query('rollback');
  expect(stopped).toMatchObject({ finished: false });
  const { rows } = await books.superuser.query(
    'select checkpoint from inventory.reconciliation_state where org_id = $1',
    [acme.id],
  );
  expect(rows[0].checkpoint.movementsPerStep).toBeLessThan(5_000_000);
  expect(await books.reconcile(acme)).toMatchObject({ finished: true, runId: stopped.runId });
});

test('whoever has died is taken over from, and told when it was only slow', async () => {
  const acme = await books.organization();
  const lease = await takeLease(books.jobs, acme.id);
  if (!lease) throw new Error('nobody has it yet');
  expect(await takeLease(books.jobs, acme.id)).toBeUndefined();
  await books.superuser.query(
    'update inventory.reconciliation_state set leased_until = $$-infinity$$ where org_id = $1',
    [acme.id],
  );
  expect(await books.reconcile(acme)).toMatchObject({ finished: true });
  const { beginRun } = await import('#ledger/reconcile/lease.ts');
  await expect(beginRun(books.jobs, lease, 'full')).rejects.toMatchObject({ code: 'SK601' });
});

test('thirty daily runs prove every key from its first movement on', async () => {
  const acme = await books.organization();
  await settleDue();
  await books.write(acme, 'D', 'version = version + 1');
  let found = 0;
  for (let day = 0; day < 30; day += 1) found += (await books.reconcile(acme, { kind: 'daily' })).found;
  expect(found).toBe(1);
});

test('what a run has left wrong is found by every next one until it is right, moved or not, and nothing is sealed', async () => {
  const acme = await books.organization();
  await settleDue();
  await books.write(acme, 'B', 'on_hand = on_hand * 2');
  await books.write(acme, 'C', 'on_hand = on_hand * 2');
  expect(await books.reconcile(acme)).toMatchObject({ found: 2, alerted: 2 });
  for (let day = 0; day < 3; day += 1) {
    await acme.post('receipt', { sku: 'C', location: 'MAIN', quantity: 1 });
    const preview = await previewRun(books.jobs, acme.id, 'daily');
    expect([preview.found, preview.differences.length]).toEqual([2, 2]);
    expect(await books.reconcile(acme, { kind: 'daily' })).toMatchObject({ alerted: 2, clean: false });
  }
  const { runId } = await books.reconcile(acme, { kind: 'daily' });
  expect(await applyRun(books.jobs, acme.id, runId, { dryRun: false })).toHaveLength(2);
  expect(await books.reconcile(acme, { kind: 'daily' })).toMatchObject({ found: 0, clean: true });
});

test('what was posted behind the seal is compared, also what a seal has come to include before', async () => {
  const acme = await books.organization();
  await settleDue();
  await books.superuser.query('alter table inventory.movements disable trigger apply_movements');
  try {
    await acme.post('receipt', { sku: 'A', location: 'MAIN', quantity: 1 }).catch(() => {});
  } finally {
    await books.superuser.query('alter table inventory.movements enable always trigger apply_movements');
  }
  // Sealed by somebody who did not look before.
  const { sealOrganization } = await import('#ledger/seals/seal-organization.ts');
  expect((await sealOrganization(books.jobs, acme.id)).seals).toHaveLength(1);
  const run = await books.reconcile(acme, { kind: 'daily' });
  expect(run.discrepancies.map(({ cause, action }) => [cause, action])).toEqual([
    ['trigger_disabled', 'corrected'],
  ]);
});
