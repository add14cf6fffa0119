import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyRun } from '#audit/reconciliation/apply.ts';
import { previewRun } from '#audit/reconciliation/preview.ts';
import { reconcileDue } from '#audit/reconciliation/runs/job.ts';
import { beginRun, takeLease } from '#audit/reconciliation/runs/lease.ts';
import { handler } from '#functions/jobs/reconcile-balances.lambda.ts';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { openAws } from '#tests/aws.ts';
import type { Caller } from '#tests/world.ts';
import { noLimit, openBooks } from './books.ts';
import { measuredBy } from './measured.ts';

const books = openBooks();
const aws = openAws();
/** A run that has found everything right. */
const right = { status: 'finished', found: 0, error: null };
const sealsOf = async ({ id }: Caller) => {
  const { rows } = await books.superuser.query(
    'select seq::int, movements::int from inventory.seals where org_id = $1 order by seq',
    [id],
  );
  return rows;
};

beforeAll(() => {
  process.env[environment.jobsDatabaseUrl] = loginUrl(books.world.adminUrl, 'stockade_jobs');
});
afterAll(() => closeDatabase());

test('the function reconciles and seals who is due, and has nothing to do the next time', async () => {
  await books.settleDue();
  const tenants = [await books.organization(), await books.organization()];
  expect(await handler({}, { getRemainingTimeInMillis: () => 60_000 })).toMatchObject({
    ...{ organizations: 2, sealed: 2 },
    ...{ failed: 0, alerted: 0, caughtUp: true },
  });
  for (const tenant of tenants) {
    expect(await books.runs(tenant)).toEqual([right]);
    expect(await sealsOf(tenant)).toEqual([{ seq: 1, movements: 8 }]);
  }
  expect(await handler({}, { getRemainingTimeInMillis: () => 60_000 })).toMatchObject({
    organizations: 0,
    caughtUp: true,
  });
});

test('a tick that ends by itself writes a heartbeat and its metrics, one that is stopped does not', async () => {
  const [acme, bad] = [await books.organization(), await books.organization()];
  await books.settleDue();
  await books.write(acme, 'A', 'on_hand = on_hand + 1');
  await books.write(acme, 'B', 'on_hand = on_hand * 2');
  for (const sku of ['A', 'B', 'C']) await acme.post('receipt', { sku, location: 'MAIN', quantity: 1 });
  await books.makeDue(acme, bad);
  await books.superuser.query(`
    create or replace function public.fail() returns trigger language plpgsql as $$
    begin raise exception 'out of ink'; end $$;
    create trigger fail before update on inventory.reconciliation_runs for each row
      when (old.org_id = '${bad.id}' and new.status = 'running') execute function public.fail()`);
  const tick = () => handler({}, { getRemainingTimeInMillis: () => 60_000 });
  try {
    expect(await measuredBy(tick)).toEqual({
      ReconciliationHeartbeat: [1],
      // Each balance once, although those of the items of the day are compared twice.
      KeysChecked: [4],
      BalancesCorrected: [1],
      DiscrepanciesAlerted: [1],
      ReconciliationFailures: [1],
      ReconciliationDurationMs: [expect.any(Number)],
      ReconciliationLagSeconds: [expect.any(Number)],
    });
  } finally {
    await books.superuser.query(
      'drop trigger fail on inventory.reconciliation_runs; drop function public.fail()',
    );
  }
  await books.superuser.query('alter table inventory.movements disable trigger append_only');
  const endFault = aws.local.sns.faults.inject('down', { operation: 'Publish' });
  try {
    expect(await measuredBy(tick)).toEqual({});
  } finally {
    endFault();
    await books.superuser.query('alter table inventory.movements enable always trigger append_only');
  }
});

test('the lag is of the organization that was found right the longest ago, due or not, until it is right', async () => {
  const [acme, globex] = [await books.organization(), await books.organization()];
  await books.settleDue();
  const lag = async () => (await measuredBy(books.settleDue)).ReconciliationLagSeconds?.[0] ?? Number.NaN;
  expect(await lag()).toBeLessThan(3_600);
  await books.superuser.query(
    `update inventory.reconciliation_state
     set proven_at = clock_timestamp() - case org_id when $1 then 50 else 30 end * interval '1 hour' where org_id in ($1, $2)`,
    [acme.id, globex.id],
  );
  // Nobody is due.
  expect(Math.round((await lag()) / 3_600)).toBe(50);
  await books.write(acme, 'A', 'on_hand = on_hand * 2');
  const { runId } = await books.reconcile(acme);
  expect(Math.round((await lag()) / 3_600)).toBe(50);
  await applyRun(books.jobs, acme.id, runId, { dryRun: false });
  expect(await books.reconcile(acme)).toMatchObject({ clean: true });
  expect(Math.round((await lag()) / 3_600)).toBe(30);
  await books.makeDue(globex);
  expect(await lag()).toBeLessThan(3_600);
});

test('ten ticks at once take every organization once', async () => {
  const tenants: Caller[] = [];
  for (let n = 0; n < 4; n += 1) tenants.push(await books.organization());
  await books.settleDue();
  await books.makeDue(...tenants);
  const connections = await Promise.all(
    Array.from({ length: 10 }, () => books.world.connect('stockade_jobs')),
  );
  const ticks = await Promise.all(connections.map((jobs) => reconcileDue(jobs, noLimit)));
  expect(ticks.reduce((sum, { organizations }) => sum + organizations, 0)).toBe(4);
  expect(ticks.map(({ failed }) => failed)).toEqual(Array(10).fill(0));
  for (const tenant of tenants) expect(await books.runs(tenant)).toEqual([right, right]);
});

test('the work of a dead process is taken over, and a process that was only slow gets an error', async () => {
  const acme = await books.organization();
  const lease = await takeLease(books.jobs, acme.id);
  if (!lease) throw new Error('nobody has it yet');
  expect(await takeLease(books.jobs, acme.id)).toBeUndefined();
  await books.superuser.query(
    'update inventory.reconciliation_state set leased_until = $$2000-01-01Z$$ where org_id = $1',
    [acme.id],
  );
  expect(await books.reconcile(acme)).toMatchObject({ finished: true });
  await expect(beginRun(books.jobs, lease, 'full')).rejects.toMatchObject({ code: 'SK601' });
});

test('what kills every tick goes behind the others, further each time', async () => {
  const [poison, other] = [await books.organization(), await books.organization()];
  await books.settleDue();
  const later = (hours: number) =>
    books.superuser.query(
      `update inventory.reconciliation_state
       set due_at = due_at - $3 * interval '1 hour', leased_until = '2000-01-01Z'
       where org_id in ($1, $2)`,
      [poison.id, other.id, hours],
    );
  const killed = async () => {
    const lease = await takeLease(books.jobs);
    return lease && [poison, other].findIndex(({ id }) => id === lease.orgId);
  };
  await books.superuser.query(
    `update inventory.reconciliation_state set due_at = clock_timestamp() - case org_id when $1 then 2 else 1 end * interval '1 hour'
     where org_id in ($1, $2)`,
    [poison.id, other.id],
  );
  expect([await killed(), await killed(), await killed()]).toEqual([0, 1, undefined]);
  await later(0);
  expect(await killed()).toBeUndefined();
  const waits: number[] = [];
  for (let time = 0; time < 8; time += 1) {
    await later(2);
    expect(await takeLease(books.jobs, poison.id)).toMatchObject({ orgId: poison.id });
    const { rows } = await books.superuser.query(
      `select round(extract(epoch from due_at - clock_timestamp()) / 60)::int as minutes
       from inventory.reconciliation_state where org_id = $1`,
      [poison.id],
    );
    waits.push(rows[0].minutes);
  }
  expect(waits).toEqual([2, 4, 8, 16, 32, 64, 64, 64]);
  await later(2);
  expect(await books.reconcile(poison)).toMatchObject({ finished: true });
  const { rows } = await books.superuser.query(
    'select failures from inventory.reconciliation_state where org_id = $1',
    [poison.id],
  );
  expect(rows).toEqual([{ failures: 0 }]);
});

test('thirty daily runs prove every key from its first movement on', async () => {
  const acme = await books.organization();
  await books.settleDue();
  await books.write(acme, 'D', 'version = version + 1');
  const found: unknown[] = [];
  for (let day = 0; day < 30; day += 1) {
    const { discrepancies } = await books.reconcile(acme, { kind: 'daily' });
    found.push(...discrepancies);
  }
  const { rows } = await books.superuser.query(
    `select id from inventory.items where org_id = $1 and sku = 'D'`,
    [acme.id],
  );
  expect(found).toMatchObject([{ item: rows[0].id, stored: { version: 3 }, computed: { version: 2 } }]);
});

test('what a run has left wrong is found by every next one until it is right, moved or not, and nothing is sealed', async () => {
  const acme = await books.organization();
  await books.settleDue();
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
  expect(await applyRun(books.jobs, acme.id, runId, { dryRun: false })).toMatchObject([
    { outcome: 'applied' },
    { outcome: 'applied' },
  ]);
  expect([await books.stored(acme, 'B'), await books.stored(acme, 'C')]).toEqual([
    { onHand: 100, version: 2 },
    { onHand: 103, version: 5 },
  ]);
  expect(await books.reconcile(acme, { kind: 'daily' })).toMatchObject({ found: 0, clean: true });
});

test('what was posted behind the seal is compared, also what a seal has come to include before', async () => {
  const acme = await books.organization();
  await books.settleDue();
  await books.superuser.query('alter table inventory.movements disable trigger apply_movements');
  try {
    await acme.post('receipt', { sku: 'A', location: 'MAIN', quantity: 1 }).catch(() => {});
  } finally {
    await books.superuser.query('alter table inventory.movements enable always trigger apply_movements');
  }
  // Sealed by somebody who did not look before.
  const { sealOrganization } = await import('#audit/seals/seal-organization.ts');
  expect((await sealOrganization(books.jobs, acme.id)).seals).toMatchObject([{ seq: 2, movements: 1 }]);
  const run = await books.reconcile(acme, { kind: 'daily' });
  expect(run.discrepancies.map(({ cause, action }) => [cause, action])).toEqual([
    ['trigger_disabled', 'corrected'],
  ]);
});
