import { expect, test } from 'vitest';
import { reconcileDue } from '#audit/reconciliation/runs/job.ts';
import { takeLease } from '#audit/reconciliation/runs/lease.ts';
import { openAws } from '#tests/aws.ts';
import { noLimit, openBooks } from './books.ts';

const books = openBooks();
openAws();

test('out of time it stops behind the last step, and the next tick goes on from there', async () => {
  const acme = await books.organization();
  await books.settleDue();
  await books.makeDue(acme);
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
  expect(lease).toMatchObject({ orgId: acme.id });
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

test('finding causes stops in time too: the next tick continues, and if that is not enough, the cause is unknown and an alert is sent', async () => {
  const acme = await books.organization();
  await books.settleDue();
  await books.superuser.query(`
    alter table inventory.seal_closings disable trigger append_only;
    update inventory.seal_closings set on_hand = on_hand + 1 where org_id = '${acme.id}';
    alter table inventory.seal_closings enable always trigger append_only`);
  const locker = await books.world.superuser();
  await locker.query('begin');
  // Only the recomputation of the seals reads these.
  await locker.query('lock table inventory.seal_pages in access exclusive mode');
  const time = { remainingMs: () => 10_000 + 100 };
  const stopped = await books.reconcile(acme, { time });
  expect(stopped).toMatchObject({ finished: false, found: 4, alerted: 0 });
  const told: number[] = [];
  const done = await books.reconcile(acme, { time, onAlert: async ({ alerted }) => void told.push(alerted) });
  await locker.query('rollback');
  expect(done).toMatchObject({ finished: true, runId: stopped.runId, found: 4, corrected: 0, alerted: 4 });
  expect(told).toEqual([4]);
  for (const { cause, detail } of done.discrepancies) {
    expect(cause).toBe('unknown');
    expect(detail).toMatchObject({ leftBecause: 'unexplained', notExamined: expect.any(String) });
  }
  const known = await books.reconcile(acme);
  expect(known.discrepancies.map(({ cause }) => cause)).toEqual(Array(4).fill('seal_altered'));
});

test('a run that ended between comparing and looking at the seals looks at them when it goes on', async () => {
  const acme = await books.organization();
  await books.settleDue();
  await books.superuser.query(`
    alter table inventory.seals disable trigger append_only;
    update inventory.seals set movements = movements + 1 where org_id = '${acme.id}';
    alter table inventory.seals enable always trigger append_only`);
  let steps = 0;
  // Time for the only step there is, and no more.
  const stopped = await books.reconcile(acme, { time: { remainingMs: () => (steps++ < 2 ? 60_000 : 0) } });
  expect(stopped).toMatchObject({ finished: false, keysChecked: 4 });
  const done = await books.reconcile(acme);
  expect(done).toMatchObject({ finished: true, runId: stopped.runId, keysChecked: 4, clean: false });
  expect(done.discrepancies.map(({ cause }) => cause)).toContain('seal_altered');
});

test('sealing stops in time, and the next tick goes on with it', async () => {
  await books.settleDue();
  const acme = await books.organization();
  await books.makeDue(acme);
  let leftMs = 60_000;
  const { query } = books.jobs;
  books.jobs.query = ((...args: unknown[]) => {
    // Nothing is left of the time when the run itself is done.
    if (JSON.stringify(args).includes('finish_reconciliation')) leftMs = 0;
    return Reflect.apply(query, books.jobs, args);
  }) as typeof query;
  try {
    expect(await reconcileDue(books.jobs, { remainingMs: () => leftMs })).toMatchObject({
      sealed: 0,
      failed: 0,
    });
  } finally {
    books.jobs.query = query;
  }
  expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ organizations: 1, sealed: 1 });
});
