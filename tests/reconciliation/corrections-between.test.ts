import { expect, test } from 'vitest';
import { openAws } from '#tests/aws.ts';
import type { Caller } from '#tests/world.ts';
import { openBooks } from './books.ts';
import { meanwhile } from './meanwhile.ts';

const books = openBooks();
openAws();

const correction = 'inventory.correct_balance';

/** An organization in which a little too much is stored of A. */
async function littleWrong(...skus: readonly string[]): Promise<Caller> {
  const acme = await books.organization();
  await books.settleDue();
  for (const sku of ['A', ...skus]) await books.write(acme, sku, 'on_hand = on_hand + 1');
  return acme;
}
const settled = ({ discrepancies }: Awaited<ReturnType<typeof books.reconcile>>) =>
  discrepancies.map(({ action, detail }) => [action, detail.leftBecause]);
test('a balance that has changed before its correction is left, and an alert is sent', async () => {
  const acme = await littleWrong();
  const told: unknown[] = [];
  const run = await meanwhile(
    books.jobs,
    correction,
    () => books.write(acme, 'A', 'on_hand = on_hand + 5'),
    () =>
      books.reconcile(acme, { onAlert: async (report) => void told.push([report.alerted, report.finished]) }),
  );
  expect(run).toMatchObject({ finished: true, found: 1, corrected: 0, alerted: 1, clean: false });
  expect(settled(run)).toEqual([['alerted', 'changed meanwhile']]);
  expect(told).toEqual([[1, true]]);
  expect(await books.stored(acme, 'A')).toEqual({ onHand: 106, version: 2 });
  const { rows } = await books.superuser.query(
    'select action, detail from inventory.discrepancies where org_id = $1',
    [acme.id],
  );
  expect(rows).toEqual([
    { action: 'alerted', detail: expect.objectContaining({ leftBecause: 'changed meanwhile' }) },
  ]);
});

test('a balance that is correct before its correction is left, and no alert is sent', async () => {
  const acme = await littleWrong();
  const told: unknown[] = [];
  const run = await meanwhile(
    books.jobs,
    correction,
    () => books.write(acme, 'A', 'on_hand = on_hand - 1'),
    () => books.reconcile(acme, { onAlert: async (report) => void told.push(report) }),
  );
  expect(run).toMatchObject({ found: 1, corrected: 0, alerted: 0, clean: false });
  expect([settled(run), told]).toEqual([[['gone', undefined]], []]);
});

test('what is posted before a balance is corrected is kept', async () => {
  const acme = await littleWrong();
  const run = await meanwhile(
    books.jobs,
    correction,
    () => acme.post('issue', { sku: 'A', location: 'MAIN', quantity: -30 }),
    () => books.reconcile(acme),
  );
  expect(run).toMatchObject({ corrected: 1, alerted: 0 });
  expect(await books.stored(acme, 'A')).toEqual({ onHand: 70, version: 3 });
});

test('a balance that somebody else has corrected before is not corrected again', async () => {
  const acme = await littleWrong();
  const run = await meanwhile(
    books.jobs,
    correction,
    () =>
      books.superuser.query(
        `with run as (
           insert into inventory.reconciliation_runs (org_id, kind) values ($1, 'full') returning id
         )
         insert into inventory.discrepancies
         select (jsonb_populate_record(d, jsonb_build_object('run_id', run.id, 'action', 'corrected'))).*
         from inventory.discrepancies d, run
         where d.org_id = $1`,
        [acme.id],
      ),
    () => books.reconcile(acme),
  );
  expect(settled(run)).toEqual([['alerted', 'corrected before']]);
  expect(await books.stored(acme, 'A')).toEqual({ onHand: 101, version: 2 });
});

test('a balance that cannot be written is left with why, and the next one is corrected', async () => {
  const acme = await littleWrong('B');
  const item = await itemId(acme, 'A');
  await books.superuser.query(`
    create function public.refuse() returns trigger language plpgsql as $$
    begin raise exception 'this row is cursed' using errcode = '23514'; end $$;
    create trigger refuse before update on inventory.balances for each row
      when (old.org_id = '${acme.id}' and old.item_id = '${item}') execute function public.refuse()`);
  try {
    const run = await books.reconcile(acme);
    expect(run).toMatchObject({ found: 2, corrected: 1, alerted: 1 });
    expect(settled(run).toSorted()).toEqual([
      ['alerted', 'the correction failed: this row is cursed'],
      ['corrected', undefined],
    ]);
  } finally {
    await books.superuser.query('drop function public.refuse() cascade');
  }
  expect([await books.stored(acme, 'A'), await books.stored(acme, 'B')]).toEqual([
    { onHand: 101, version: 2 },
    { onHand: 100, version: 2 },
  ]);
});

async function itemId({ id }: Caller, sku: string): Promise<string> {
  const { rows } = await books.superuser.query(
    'select id from inventory.items where org_id = $1 and sku = $2',
    [id, sku],
  );
  return rows[0].id;
}

test('out of time between two corrections the first stays, and the next tick makes the second', async () => {
  const acme = await littleWrong('B');
  let leftMs = 60_000;
  const stopped = await meanwhile(
    books.jobs,
    correction,
    () => {
      leftMs = 9_999;
    },
    () => books.reconcile(acme, { time: { remainingMs: () => leftMs } }),
  );
  expect(stopped).toMatchObject({ finished: false, found: 2, corrected: 1, alerted: 0, clean: false });
  const done = await books.reconcile(acme);
  expect(done).toMatchObject({ finished: true, runId: stopped.runId, found: 2, corrected: 2, alerted: 0 });
});

test('with exactly the time that is kept in reserve a tick still begins what there is to do', async () => {
  const acme = await littleWrong();
  const run = await books.reconcile(acme, { time: { remainingMs: () => 10_000 } });
  expect(run).toMatchObject({ finished: true, corrected: 1 });
});
