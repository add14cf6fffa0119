import { expect, test } from 'vitest';
import { beginRun, giveBack, takeLease } from '#audit/reconciliation/runs/lease.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { openBooks } from '#tests/reconciliation/books.ts';
import { expectProblem } from './problem-document.ts';
import { cursorOf, wrongCursor, wrongField } from './refusals.ts';

const books = openBooks();

test('the runs, the newest first, with what each has found; of nobody else', async () => {
  const [acme, globex] = [await books.organization(), await books.organization()];
  await books.write(acme, 'B', 'on_hand = on_hand + 1');
  await books.reconcile(acme);
  await books.reconcile(acme);
  await books.reconcile(globex);

  const { status, body } = await acme.request('GET', '/v1/reconciliations');
  expect(status).toBe(200);
  const { rows } = await books.superuser.query(
    `select id, started_at, finished_at from inventory.reconciliation_runs where org_id = $1 order by id desc`,
    [acme.id],
  );
  const entries = await books.superuser.query(
    'select max(id::text) as newest from inventory.entries where org_id = $1',
    [acme.id],
  );
  const run = (n: number) => ({
    id: rows[n].id,
    kind: 'full',
    status: 'finished',
    startedAt: rows[n].started_at.toISOString(),
    finishedAt: rows[n].finished_at.toISOString(),
    keysChecked: 4,
    movementsRead: 8,
    sealSeq: null,
    newestEntryId: entries.rows[0].newest,
    lagSeconds: expect.any(Number),
    error: null,
    triggerFaults: [],
  });
  const [stored, computed] = [
    { onHand: 101, reserved: 0, version: 2 },
    { onHand: 100, reserved: 0, version: 2 },
  ];
  expect(body).toEqual({
    data: [
      { ...run(0), found: 0, corrected: 0, alerted: 0, discrepancies: [] },
      {
        ...run(1),
        found: 1,
        corrected: 1,
        alerted: 0,
        discrepancies: [
          {
            sku: 'B',
            location: 'MAIN',
            lot: null,
            stored,
            computed,
            cause: 'direct_write',
            detail: {
              history: 'watched',
              since: expect.stringMatching(/^\d{4}-.*Z$/),
              before: stored,
              after: computed,
            },
            action: 'corrected',
          },
        ],
      },
    ],
    nextCursor: null,
  });

  const first = await acme.request('GET', '/v1/reconciliations?limit=1');
  expect(first.body).toEqual({ data: [body.data[0]], nextCursor: cursorOf(rows[0].id) });
  const second = await acme.request('GET', `/v1/reconciliations?limit=1&cursor=${first.body.nextCursor}`);
  expect(second.body).toEqual({ data: [body.data[1]], nextCursor: null });
  const theirs = (await globex.request('GET', '/v1/reconciliations')).body.data;
  const [own] = (
    await books.superuser.query('select id from inventory.reconciliation_runs where org_id = $1', [globex.id])
  ).rows;
  expect(theirs.map(({ id }: { id: string }) => id)).toEqual([own.id]);
});

test('a run says up to which seal it has compared', async () => {
  const acme = await books.organization();
  await sealOrganization(books.jobs, acme.id);
  await acme.post('receipt', { sku: 'A', location: 'MAIN', quantity: 1 });
  await sealOrganization(books.jobs, acme.id);
  await books.reconcile(acme);
  const { body } = await acme.request('GET', '/v1/reconciliations');
  expect(body.data).toMatchObject([{ sealSeq: 2, found: 0, keysChecked: 4 }]);
});

test.each([
  ['limit=0', wrongField('limit', 'must be at least 1')],
  ['limit=201', wrongField('limit', 'must be at most 200')],
  [`cursor=${cursorOf('nonsense')}`, wrongCursor],
  [`cursor=${cursorOf('01a227bf-637a-7b75-bab8-a63e3954be5f', '1')}`, wrongCursor],
  ['status=failed', wrongField('status', 'is not a field here: check its spelling or leave it out')],
])('refuses ?%s', async (query, refusal) => {
  const acme = await books.world.createOrganization();
  expectProblem(await acme.request('GET', `/v1/reconciliations?${query}`), refusal);
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
    { status: 'failed', error: expect.stringContaining('reported to the operator'), triggerFaults: [] },
    { status: 'failed', error: 'a full run took its place' },
  ]);
  expect(JSON.stringify(body)).not.toContain('base/16384');
});
