import { expect, test } from 'vitest';
import { beginRun, giveBack, takeLease } from '#ledger/reconcile/lease.ts';
import { openBooks } from '#tests/reconciliation/books.ts';

const books = openBooks();

test('the runs, the newest first, with what each has found; of nobody else', async () => {
  const [acme, globex] = [await books.organization(), await books.organization()];
  await books.write(acme, 'B', 'on_hand = on_hand + 1');
  await books.reconcile(acme);
  await books.reconcile(acme);
  await books.reconcile(globex);

  const { status, body } = await acme.request('GET', '/v1/reconciliations');
  expect(status).toBe(200);
  expect(body.data).toMatchObject([
    { kind: 'full', status: 'finished', keysChecked: 4, movementsRead: 8, found: 0, discrepancies: [] },
    {
      found: 1,
      corrected: 1,
      alerted: 0,
      discrepancies: [
        {
          sku: 'B',
          location: 'MAIN',
          lot: null,
          stored: { onHand: 101, reserved: 0, version: 2 },
          computed: { onHand: 100, reserved: 0, version: 2 },
          cause: 'direct_write',
          action: 'corrected',
        },
      ],
    },
  ]);
  expect(body.nextCursor).toBeNull();

  const first = await acme.request('GET', '/v1/reconciliations?limit=1');
  expect(first.body.data).toEqual([body.data[0]]);
  const second = await acme.request('GET', `/v1/reconciliations?limit=1&cursor=${first.body.nextCursor}`);
  expect(second.body.data).toEqual([body.data[1]]);
  expect((await globex.request('GET', '/v1/reconciliations')).body.data).toHaveLength(1);
});

test('a run that failed says why, as far as that concerns who asks, and which triggers were not as they must be', async () => {
  const acme = await books.organization();
  const lease = await takeLease(books.jobs, acme.id);
  if (!lease) throw new Error('nobody has it yet');
  await beginRun(books.jobs, lease, 'daily');
  await beginRun(books.jobs, lease, 'full');
  await giveBack(books.jobs, lease, { status: 'failed', error: 'could not read block 7 of base/16384/2601' });
  await books.superuser.query('alter table inventory.movements disable trigger append_only');
  await books
    .reconcile(acme)
    .finally(() =>
      books.superuser.query('alter table inventory.movements enable always trigger append_only'),
    );
  const { body } = await acme.request('GET', '/v1/reconciliations');
  expect(body.data).toMatchObject([
    {
      status: 'finished',
      error: null,
      triggerFaults: [{ trigger: 'append_only on inventory.movements', fault: 'disabled' }],
    },
    { status: 'failed', error: expect.stringContaining('the operator was told of'), triggerFaults: [] },
    { status: 'failed', error: 'a full run took its place' },
  ]);
  expect(JSON.stringify(body)).not.toContain('base/16384');
});
