import { expect, test } from 'vitest';
import { applyRun } from '#audit/reconciliation/apply.ts';
import { previewRun } from '#audit/reconciliation/preview.ts';
import { reconcileDue } from '#audit/reconciliation/runs/job.ts';
import { beginRun, giveBack, recordStep, takeLease } from '#audit/reconciliation/runs/lease.ts';
import { correctBalance, readTotals } from '#audit/reconciliation/runs/run-discrepancies.ts';
import { openAws } from '#tests/aws.ts';
import { noLimit, openBooks } from './books.ts';

const books = openBooks();
openAws();

test('a small difference is corrected once; the second time it is left and an alert is sent', async () => {
  const acme = await books.organization();
  await books.write(acme, 'A', 'on_hand = on_hand + 1');
  expect(await books.reconcile(acme)).toMatchObject({ found: 1, corrected: 1, alerted: 0 });
  expect(await books.stored(acme, 'A')).toEqual({ onHand: 100, version: 2 });

  await books.write(acme, 'A', 'on_hand = on_hand + 1');
  await books.write(acme, 'B', 'on_hand = on_hand + 1');
  const preview = await previewRun(books.jobs, acme.id, 'full');
  expect(preview.differences.map(({ decision }) => decision)).toEqual(
    expect.arrayContaining([{ do: 'alert', because: 'corrected before' }, { do: 'correct' }]),
  );
  const again = await books.reconcile(acme);
  expect(again).toMatchObject({ found: 2, corrected: 1, alerted: 1 });
  const left = again.discrepancies.find(({ action }) => action === 'alerted');
  expect(left?.detail.leftBecause).toBe('corrected before');
  expect(await books.stored(acme, 'A')).toEqual({ onHand: 101, version: 2 });
  expect(await books.stored(acme, 'B')).toEqual({ onHand: 100, version: 2 });
});

test('a balance that has moved and is in the bucket of the day is one difference, before a run and in it', async () => {
  const acme = await books.world.createOrganization();
  await acme.item('X');
  const locations = ['L1', 'L2', 'L3', 'L4', 'L5', 'L6'];
  for (const location of locations) {
    await acme.location(location);
    await acme.post('receipt', { sku: 'X', location, quantity: 100 });
  }
  await reconcileDue(books.jobs, noLimit);
  for (const location of locations) await acme.post('receipt', { sku: 'X', location, quantity: 1 });
  await books.write(acme, 'X', 'on_hand = on_hand + 1');
  await books.superuser.query(
    `update inventory.reconciliation_state set next_bucket = (
       select (pg_catalog.uuid_hash(id) & 2147483647) % 30 from inventory.items where org_id = $1
     ) where org_id = $1`,
    [acme.id],
  );
  const preview = await previewRun(books.jobs, acme.id, 'daily');
  expect(preview.found).toBe(6);
  expect(preview.differences.map(({ decision }) => decision.do)).toEqual(Array(6).fill('correct'));
  expect(await books.reconcile(acme, { kind: 'daily' })).toMatchObject({
    found: 6,
    corrected: 6,
    alerted: 0,
  });
});

test('what is more than a run keeps counts as found', async () => {
  const acme = await books.organization();
  const lease = await takeLease(books.jobs, acme.id);
  if (!lease) throw new Error('nobody has it yet');
  const run = await beginRun(books.jobs, lease, 'full');
  const { rows } = await books.superuser.query(
    'select item_id as item, location_id as location, lot from inventory.balances where org_id = $1 limit 2',
    [acme.id],
  );
  const differences = rows.map((key) => ({ ...key, computed: { onHand: 1, reserved: 0, version: 1 } }));
  const checkpoint = { step: 'history', afterItem: null, movementsPerStep: 1 } as const;
  await recordStep(books.jobs, lease, { found: 5, differences, checkpoint });
  await recordStep(books.jobs, lease, { found: 2, differences, checkpoint });
  await recordStep(books.jobs, lease, {
    sealFindings: [{ cause: 'anchor_missing', detail: {} }],
    checkpoint,
  });
  expect(await readTotals(books.jobs, acme.id, run.id)).toMatchObject({ found: 5 });
  await giveBack(books.jobs, lease, { status: 'finished' });
});

test('the row of a correction says what the balance was before and after', async () => {
  const acme = await books.organization();
  await books.write(acme, 'C', 'on_hand = on_hand - 0.5, version = version + 3');
  const { discrepancies } = await books.reconcile(acme);
  expect(discrepancies).toMatchObject([
    {
      action: 'corrected',
      stored: { onHand: 99.5, reserved: 0, version: 5 },
      computed: { onHand: 100, reserved: 0, version: 2 },
      detail: {
        before: { onHand: 99.5, reserved: 0, version: 5 },
        after: { onHand: 100, reserved: 0, version: 2 },
      },
    },
  ]);
});

test('what was posted between the comparison and the correction is kept', async () => {
  const acme = await books.organization();
  await books.write(acme, 'A', 'on_hand = on_hand * 3');
  const run = await books.reconcile(acme);
  await acme.post('issue', { sku: 'A', location: 'MAIN', quantity: -30 });
  const applied = await applyRun(books.jobs, acme.id, run.runId, { dryRun: false });
  expect(applied.map(({ outcome }) => outcome)).toEqual(['applied']);
  expect(await books.stored(acme, 'A')).toEqual({ onHand: 70, version: 3 });
  expect(await applyRun(books.jobs, acme.id, run.runId, { dryRun: false })).toEqual([]);
});

test('a balance that differs by something else by now is not what was decided about', async () => {
  const acme = await books.organization();
  await books.write(acme, 'A', 'on_hand = on_hand * 3');
  const run = await books.reconcile(acme);
  await books.write(acme, 'A', 'on_hand = on_hand + 1');
  expect(await correctBalance(books.jobs, acme.id, run.runId, 1, 'applied')).toBe('changed');
  expect(await books.stored(acme, 'A')).toEqual({ onHand: 301, version: 2 });
  await books.write(acme, 'A', 'on_hand = 100');
  expect(await correctBalance(books.jobs, acme.id, run.runId, 1, 'applied')).toBe('gone');
});

test('a dry run finds and decides the same, and writes nothing', async () => {
  const acme = await books.organization();
  await books.write(acme, 'A', 'on_hand = on_hand + 1');
  await books.write(acme, 'B', 'on_hand = on_hand * 2');
  const preview = await previewRun(books.jobs, acme.id, 'full');
  expect(preview.differences.map(({ decision }) => decision.do).toSorted()).toEqual(['alert', 'correct']);
  expect(await books.stored(acme, 'A')).toMatchObject({ onHand: 101 });
  const { rowCount } = await books.superuser.query(
    'select from inventory.reconciliation_runs where org_id = $1',
    [acme.id],
  );
  expect(rowCount).toBe(0);

  const run = await books.reconcile(acme);
  const outcomes = await applyRun(books.jobs, acme.id, run.runId, { dryRun: true });
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['pending']);
  expect(await books.stored(acme, 'B')).toMatchObject({ onHand: 200 });
});

test('while a trigger is away nothing is applied either', async () => {
  const acme = await books.organization();
  await books.write(acme, 'A', 'on_hand = on_hand * 3');
  const run = await books.reconcile(acme);
  await books.superuser.query('alter table inventory.movements disable trigger apply_movements');
  try {
    await expect(applyRun(books.jobs, acme.id, run.runId, { dryRun: false })).rejects.toThrow(
      /apply_movements/,
    );
    expect(await books.reconcile(acme)).toMatchObject({ corrected: 0, alerted: 1, clean: false });
  } finally {
    await books.superuser.query('alter table inventory.movements enable always trigger apply_movements');
  }
  expect(await books.stored(acme, 'A')).toMatchObject({ onHand: 300 });
});

test('a job cannot write a balance to anything but what its movements say', async () => {
  const acme = await books.organization();
  await expect(books.jobs.query('update inventory.balances set on_hand = 1')).rejects.toMatchObject({
    code: '42501',
  });
  await books.jobs.query('begin');
  await books.jobs.query('select tenancy.enter_as_job($1)', [acme.id]);
  await expect(
    books.jobs.query(`select inventory.hold_balances($1, '{}', '{}', '{}')`, [acme.id]),
  ).rejects.toMatchObject({ code: '42501' });
  await books.jobs.query('rollback');
});

test('a version that no number holds is corrected as any other', async () => {
  const acme = await books.organization();
  await books.write(acme, 'A', 'version = 9223372036854775807');
  expect(await books.reconcile(acme)).toMatchObject({ finished: true, found: 1, corrected: 1 });
  expect(await books.stored(acme, 'A')).toEqual({ onHand: 100, version: 2 });
});

test('a balance that is not a number is left, and can be corrected by hand', async () => {
  const acme = await books.organization();
  await books.superuser.query(
    'alter table inventory.balances drop constraint balances_on_hand_check, drop constraint balances_reserved_check',
  );
  await books.write(acme, 'A', `on_hand = 'NaN', reserved = 'NaN'`);
  const run = await books.reconcile(acme);
  expect(run.discrepancies).toMatchObject([{ cause: 'direct_write', action: 'alerted' }]);
  const applied = await applyRun(books.jobs, acme.id, run.runId, { dryRun: false });
  expect(applied).toMatchObject([{ outcome: 'applied' }]);
  expect(await books.stored(acme, 'A')).toEqual({ onHand: 100, version: 2 });
});
