import type { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { reconcileOrganization } from '#audit/reconciliation/reconcile.ts';
import { reconcileDue } from '#audit/reconciliation/runs/job.ts';
import { giveBack, takeLease } from '#audit/reconciliation/runs/lease.ts';
import { openAws } from '#tests/aws.ts';
import type { Caller } from '#tests/world.ts';
import { noLimit, openBooks } from './books.ts';
import { meanwhile } from './meanwhile.ts';

const books = openBooks();
const aws = openAws();
/** Somebody else, who is a job as well. */
let other: Client;
beforeAll(async () => {
  other = await books.world.connect('stockade_jobs');
});

const due = async ({ id }: Caller) => {
  const { rows } = await books.superuser.query(
    `select round(extract(epoch from due_at - clock_timestamp()) / 60)::int as minutes, lease, next_bucket as bucket, failures
     from inventory.reconciliation_state where org_id = $1`,
    [id],
  );
  return rows[0];
};

test('a run whose organization somebody else has taken meanwhile writes nothing more, and leaves it to them', async () => {
  const acme = await books.organization();
  await books.settleDue();
  await books.write(acme, 'A', 'on_hand = on_hand + 1');
  let taken: Awaited<ReturnType<typeof takeLease>>;
  const takeOver = async () => {
    await books.superuser.query(
      `update inventory.reconciliation_state set leased_until = '2000-01-01Z' where org_id = $1`,
      [acme.id],
    );
    taken = await takeLease(other, acme.id);
  };
  await expect(
    meanwhile(books.jobs, 'record_reconciliation', takeOver, () => books.reconcile(acme)),
  ).rejects.toMatchObject({
    code: 'SK601',
  });
  expect(await due(acme)).toMatchObject({ lease: taken?.lease });
  expect((await books.runs(acme)).at(-1)).toMatchObject({ status: 'running', error: null });
  if (!taken) throw new Error('somebody else has it');
  // The run goes on where it was.
  expect(await reconcileOrganization(other, taken, { kind: 'full', time: noLimit })).toMatchObject({
    finished: true,
    corrected: 1,
  });
  expect((await books.runs(acme)).map(({ status }) => status)).toEqual(['finished', 'finished']);
});

test('a tick that has lost an organization goes on with the next, and tells nobody that it has failed', async () => {
  const [lost, next] = [await books.organization(), await books.organization()];
  await books.settleDue();
  await books.makeDue(lost, next);
  await books.superuser.query(
    `update inventory.reconciliation_state set due_at = clock_timestamp() - interval '1 hour' where org_id = $1`,
    [next.id],
  );
  const before = aws.alerts().length;
  const takeOver = async () => {
    await books.superuser.query(
      `update inventory.reconciliation_state set leased_until = '2000-01-01Z' where org_id = $1`,
      [lost.id],
    );
    await takeLease(other, lost.id);
  };
  const tick = await meanwhile(books.jobs, 'record_reconciliation', takeOver, () =>
    reconcileDue(books.jobs, noLimit),
  );
  expect(tick).toMatchObject({ organizations: 2, failed: 1, caughtUp: true });
  expect((await books.runs(next)).at(-1)).toMatchObject({ status: 'finished' });
  expect(aws.alerts().slice(before)).toEqual([]);
  await books.makeDue(lost);
  await books.settleDue();
});

test('a tick begins an organization with more than twice the reserve, and none with just that', async () => {
  const acme = await books.organization();
  await books.settleDue();
  await books.makeDue(acme);
  expect(await reconcileDue(books.jobs, { remainingMs: () => 20_000 })).toMatchObject({
    organizations: 0,
    caughtUp: false,
  });
  expect(await reconcileDue(books.jobs, { remainingMs: () => 20_001 })).toMatchObject({
    organizations: 1,
    caughtUp: true,
  });
});

test('a tick that runs out of time within an organization takes no other, even if it gets time again', async () => {
  const both = [await books.organization(), await books.organization()];
  await books.settleDue();
  await books.makeDue(...both);
  let leftMs = 60_000;
  const tick = await meanwhile(
    books.jobs,
    'begin_reconciliation',
    () => {
      leftMs = 0;
    },
    () =>
      meanwhile(
        books.jobs,
        'finish_reconciliation',
        () => {
          leftMs = 60_000;
        },
        () => reconcileDue(books.jobs, { remainingMs: () => leftMs }),
      ),
  );
  expect(tick).toMatchObject({ organizations: 1, keysChecked: 0, sealed: 0, caughtUp: false });
  expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({
    organizations: 2,
    caughtUp: true,
  });
});

test('an alert about differences that could not be published fails the run, and the next run tells them', async () => {
  const acme = await books.organization();
  await books.settleDue();
  await books.write(acme, 'A', 'on_hand = on_hand * 3');
  await acme.post('receipt', { sku: 'A', location: 'MAIN', quantity: 1 });
  await books.makeDue(acme);
  const before = aws.alerts().length;
  // Only the first alert is refused: what the tick tells in its end goes through.
  aws.local.sns.faults.inject('denied', { operation: 'Publish', times: 1 });
  expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({
    organizations: 1,
    failed: 1,
    alerted: 0,
    sealed: 0,
  });
  expect(aws.alerts().slice(before)).toMatchObject([{ name: 'ReconciliationFailed' }]);
  expect((await books.runs(acme)).at(-1)).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('SNS Publish of BalanceDiscrepancy'),
  });
  // Within the hour, and not at once.
  expect(await due(acme)).toMatchObject({ minutes: 60, lease: null });
  await books.makeDue(acme);
  expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ failed: 0, alerted: 1 });
  expect(aws.alerts().slice(before + 1)).toMatchObject([{ name: 'BalanceDiscrepancy' }]);
});

test('a finished run is due again after twenty hours with the next thirtieth, the last being followed by the first', async () => {
  const acme = await books.organization();
  await books.settleDue();
  for (const [bucket, next] of [
    [3, 4],
    [29, 0],
  ]) {
    await books.superuser.query(
      'update inventory.reconciliation_state set next_bucket = $2 where org_id = $1',
      [acme.id, bucket],
    );
    expect(await books.reconcile(acme, { kind: 'daily' })).toMatchObject({ finished: true });
    expect(await due(acme)).toMatchObject({ minutes: 20 * 60, bucket: next, lease: null, failures: 0 });
  }
  await books.reconcile(acme);
  expect(await due(acme)).toMatchObject({ bucket: 0 });
});

test('what a run failed of is kept, but for a message that has no end', async () => {
  const acme = await books.organization();
  await books.settleDue();
  const fails = meanwhile(
    books.jobs,
    'record_reconciliation',
    () => {
      throw new Error('x'.repeat(3_000));
    },
    () => books.reconcile(acme),
  );
  await expect(fails).rejects.toThrow('xxx');
  expect((await books.runs(acme)).at(-1)).toMatchObject({ status: 'failed', error: 'x'.repeat(1_000) });
});

test('a statement that runs out of time is followed by a quarter of it, and never by next to nothing', async () => {
  const acme = await books.organization();
  await books.settleDue();
  const locker = await books.world.superuser();
  const halved: number[] = [];
  for (const movementsPerStep of [5_000_000, 3_000]) {
    const lease = await takeLease(books.jobs, acme.id);
    if (!lease) throw new Error('somebody else has it');
    await giveBack(books.jobs, lease, {});
    await books.superuser.query(
      `with run as (
         insert into inventory.reconciliation_runs (org_id, kind) values ($1, 'full') returning id
       )
       update inventory.reconciliation_state
       set run_id = run.id, lease = null, leased_until = null,
           checkpoint = json_build_object('step', 'history', 'afterItem', null, 'movementsPerStep', $2::int)
       from run where org_id = $1`,
      [acme.id, movementsPerStep],
    );
    await locker.query('begin');
    await locker.query('lock table inventory.balances in access exclusive mode');
    let asked = 0;
    // Time to begin, and a twentieth of a second to be done.
    const remainingMs = () => (++asked % 2 === 1 ? 10_000 : 5_050);
    expect(await books.reconcile(acme, { time: { remainingMs } })).toMatchObject({ finished: false });
    await locker.query('rollback');
    const { rows } = await books.superuser.query(
      'select checkpoint from inventory.reconciliation_state where org_id = $1',
      [acme.id],
    );
    halved.push(rows[0].checkpoint.movementsPerStep);
  }
  expect(halved).toEqual([1_250_000, 1_000]);
});
