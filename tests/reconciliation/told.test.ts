import type { Client } from 'pg';
import { expect, test } from 'vitest';
import { reconcileDue } from '#audit/reconciliation/runs/job.ts';
import { takeLease } from '#audit/reconciliation/runs/lease.ts';
import { anchorKey } from '#audit/seals/anchor-key.ts';
import { openAws } from '#tests/aws.ts';
import { noLimit, openBooks } from './books.ts';

const books = openBooks();
const aws = openAws();

test('one alert of a run: figures, cause, and what to type', async () => {
  const acme = await books.organization();
  await books.settleDue();
  await books.write(acme, 'B', 'on_hand = on_hand * 2');
  await books.write(acme, 'C', 'on_hand = on_hand * 2');
  await acme.post(
    'receipt',
    { sku: 'B', location: 'MAIN', quantity: 1 },
    { sku: 'C', location: 'MAIN', quantity: 1 },
  );
  await books.makeDue(acme);
  const before = aws.alerts().length;
  expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ alerted: 2, sealed: 0 });
  const alerts = aws.alerts().slice(before);
  expect(alerts).toMatchObject([{ name: 'BalanceDiscrepancy' }]);
  const said = JSON.stringify(alerts[0]);
  expect(said).toContain(
    'B at MAIN: stored: 201 on hand (3 movements), from movements: 101 on hand (3 movements)',
  );
  expect(said).toContain('direct_write');
  const { rows } = await books.superuser.query(
    'select id from inventory.reconciliation_runs where org_id = $1 order by id desc limit 1',
    [acme.id],
  );
  expect(said).toContain(`npm run reconcile:balances -- --org ${acme.slug} --apply ${rows[0].id} --dry-run`);
});

test('seals that the bucket refuses are reported; if it only does not answer, they wait for the next run', async () => {
  const acme = await books.organization();
  const before = aws.alerts().length;
  const endFault = aws.local.s3.faults.inject('down');
  try {
    expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ failed: 0, sealed: 1 });
    expect(aws.alerts().slice(before)).toEqual([]);
  } finally {
    endFault();
  }
  await books.makeDue(acme);
  const endDenial = aws.local.s3.faults.inject('denied', { operation: 'PutObject' });
  try {
    expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ failed: 0 });
    const said = aws.alerts().slice(before);
    expect(said).toMatchObject([{ name: 'SealsNotAnchored', severity: 'warning' }]);
    expect(said[0]?.message).toContain(`npm run seal -- --org ${acme.slug}`);
  } finally {
    endDenial();
  }
  await books.makeDue(acme);
  await books.settleDue();
  expect(aws.evidenceKeys().filter((key) => key.includes(acme.id))).toEqual([anchorKey(acme.id, 1)]);
});

test('one organization that fails is reported, and the others go on', async () => {
  const [bad, good] = [await books.organization(), await books.organization()];
  await books.settleDue();
  await books.makeDue(bad, good);
  await books.superuser.query(`
    create or replace function public.fail() returns trigger language plpgsql as $$
    begin raise exception 'the disk of this organization is on fire'; end $$;
    create trigger fail before update on inventory.reconciliation_runs for each row
      when (old.org_id = '${bad.id}' and new.status = 'running') execute function public.fail()`);
  try {
    const before = aws.alerts().length;
    const tick = await reconcileDue(books.jobs, noLimit);
    expect(tick).toMatchObject({ organizations: 2, failed: 1, caughtUp: true });
    expect((await books.runs(good)).at(-1)).toMatchObject({ status: 'finished' });
    expect((await books.runs(bad)).at(-1)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('on fire'),
    });
    const said = JSON.stringify(aws.alerts().slice(before));
    expect(said).toContain(`${bad.slug}: the disk of this organization is on fire`);
    expect(said).not.toContain(good.slug);
    const told = aws.alerts().length;
    const hourly = async (hours: number) => {
      for (let hour = 0; hour < hours; hour += 1) {
        await books.makeDue(bad);
        expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ failed: 1 });
      }
    };
    await hourly(3);
    expect(aws.alerts().slice(told)).toEqual([]);
    await books.superuser.query(
      `update inventory.reconciliation_state set failure_told_at = failure_told_at - interval '24 hours' where org_id = $1`,
      [bad.id],
    );
    await hourly(2);
    expect(aws.alerts().slice(told)).toMatchObject([
      { name: 'ReconciliationFailed', message: expect.stringContaining(`${bad.slug}: the disk`) },
    ]);
  } finally {
    await books.superuser.query(
      'drop trigger fail on inventory.reconciliation_runs; drop function public.fail()',
    );
  }
});

test('a failure whose alert could not be sent is reported by the next tick, and again after it was repaired in between', async () => {
  const bad = await books.organization();
  await books.settleDue();
  const fails = () =>
    books.superuser.query(`
      create or replace function public.fail() returns trigger language plpgsql as $$
      begin raise exception 'out of paper'; end $$;
      create trigger fail before update on inventory.reconciliation_runs for each row
        when (old.org_id = '${bad.id}' and new.status = 'running') execute function public.fail()`);
  const works = () =>
    books.superuser.query('drop trigger fail on inventory.reconciliation_runs; drop function public.fail()');
  const before = aws.alerts().length;
  const told = () => aws.alerts().length - before;
  const endFault = aws.local.sns.faults.inject('down', { operation: 'Publish' });
  await fails();
  try {
    await books.makeDue(bad);
    await expect(reconcileDue(books.jobs, noLimit)).rejects.toMatchObject({ code: 'unavailable' });
    expect(told()).toBe(0);
    endFault();
    // It is not due now, but it is reported anyway.
    expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ organizations: 0 });
    expect(aws.alerts().slice(before)).toMatchObject([{ name: 'ReconciliationFailed' }]);
    expect(aws.alerts().at(-1)?.message).toContain(`${bad.slug}: out of paper`);
    await books.makeDue(bad);
    await books.settleDue();
    expect(told()).toBe(1);
  } finally {
    endFault();
    await works();
  }
  await books.makeDue(bad);
  expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ failed: 0 });
  await fails();
  try {
    await books.makeDue(bad);
    expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ failed: 1 });
    expect(told()).toBe(2);
  } finally {
    await works();
  }
});

test('an organization that kills one process after the other is reported, a running one is not', async () => {
  const poison = await books.organization();
  await books.settleDue();
  const before = aws.alerts().length;
  const told = () => aws.alerts().slice(before);
  for (let deaths = 0; deaths < 3; deaths += 1) {
    expect(await takeLease(books.jobs, poison.id)).toMatchObject({ orgId: poison.id });
    await reconcileDue(books.jobs, noLimit);
    expect(told()).toEqual([]);
    await books.superuser.query(
      'update inventory.reconciliation_state set leased_until = $$2000-01-01Z$$ where org_id = $1',
      [poison.id],
    );
  }
  const [dying, ...others] = await Promise.all(
    Array.from({ length: 4 }, () => books.world.connect('stockade_jobs')),
  );
  // A tick that is ended when it takes an organization has told before.
  const { query } = dying as Client;
  Object.assign(dying as Client, {
    query: (...args: unknown[]) => {
      if (String(args[0]).includes('lease_reconciliation')) throw new Error('ended');
      return Reflect.apply(query, dying, args);
    },
  });
  await expect(reconcileDue(dying as Client, noLimit)).rejects.toThrow('ended');
  expect(told()).toMatchObject([{ name: 'ReconciliationFailed' }]);
  await Promise.all(others.map((jobs) => reconcileDue(jobs, { remainingMs: () => 0 })));
  expect(told()).toMatchObject([{ name: 'ReconciliationFailed' }]);
  expect(told()[0]?.message).toContain(
    `${poison.slug}: the process that reconciled it died 3 times in a row`,
  );
});

test('a trigger that is away is one alert for the database, and nothing is sealed', async () => {
  const tenants = [await books.organization(), await books.organization()];
  await books.settleDue();
  for (const tenant of tenants) await tenant.post('receipt', { sku: 'A', location: 'MAIN', quantity: 1 });
  await books.makeDue(...tenants);
  await books.superuser.query('alter table inventory.movements disable trigger append_only');
  try {
    const before = aws.alerts().length;
    expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ organizations: 2, sealed: 0 });
    const alerts = aws.alerts().slice(before);
    expect(alerts).toMatchObject([
      {
        name: 'LedgerTriggerUnhealthy',
        message: expect.stringContaining('append_only on inventory.movements is disabled'),
      },
    ]);
  } finally {
    await books.superuser.query('alter table inventory.movements enable always trigger append_only');
  }
});

test('a missing trigger is reported at once, again after a day, and again after it was repaired in between', async () => {
  const connections = await Promise.all(
    Array.from({ length: 5 }, () => books.world.connect('stockade_jobs')),
  );
  const before = aws.alerts().length;
  const told = () => aws.alerts().length - before;
  const ticks = () => Promise.all(connections.map((jobs) => reconcileDue(jobs, noLimit)));
  const alter = (change: string) => books.superuser.query(`alter table inventory.movements ${change}`);
  await books.settleDue();
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
  await books.settleDue();
  await books.superuser.query('alter table inventory.movements disable trigger append_only');
  const endFault = aws.local.sns.faults.inject('down', { operation: 'Publish' });
  try {
    const before = aws.alerts().length;
    await expect(reconcileDue(books.jobs, noLimit)).rejects.toMatchObject({ code: 'unavailable' });
    expect(aws.alerts().slice(before)).toEqual([]);
    endFault();
    await reconcileDue(books.jobs, noLimit);
    expect(aws.alerts().slice(before)).toMatchObject([{ name: 'LedgerTriggerUnhealthy' }]);
  } finally {
    endFault();
    await books.superuser.query('alter table inventory.movements enable always trigger append_only');
  }
});

test('a movement that was altered before it was sealed is reported, its balance does not follow it, and it is not sealed', async () => {
  const acme = await books.organization();
  await books.settleDue();
  await acme.post('receipt', { sku: 'A', location: 'MAIN', quantity: 3 });
  await books.superuser.query(`
    begin;
    alter table inventory.movements disable trigger append_only;
    update inventory.movements set quantity = 7 where org_id = '${acme.id}' and quantity = 3;
    alter table inventory.movements enable always trigger append_only;
    commit`);
  const before = aws.alerts().length;
  for (let day = 1; day <= 2; day += 1) {
    await books.makeDue(acme);
    expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ corrected: 0, alerted: 1, sealed: 0 });
    expect(await books.stored(acme, 'A')).toEqual({ onHand: 103, version: 3 });
    expect(aws.alerts().slice(before)).toMatchObject(Array(day).fill({ name: 'BalanceDiscrepancy' }));
  }
  const { message } = aws.alerts().at(-1) ?? {};
  expect(message).toContain('cause: unknown; not corrected: unexplained');
  expect(message).toContain('check the movements first');
});
