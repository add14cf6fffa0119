import type { ClientBase } from 'pg';
import { expect, test } from 'vitest';
import { reconcileDue } from '#ledger/reconcile/job.ts';
import { checkSeals } from '#ledger/reconcile/seal-check.ts';
import { tellDiscrepancies } from '#ledger/reconcile/tell.ts';
import { sealOrganization } from '#ledger/seals/seal-organization.ts';
import { openAws } from '#tests/aws.ts';
import { run } from '#tests/commands/run.ts';
import type { Caller } from '#tests/world.ts';
import { noLimit, openBooks } from './books.ts';

const books = openBooks();
const aws = openAws();

/** An organization with a seal that is anchored, and something behind it. */
async function sealedOrganization(): Promise<Caller> {
  const acme = await books.organization();
  expect((await sealOrganization(books.jobs, acme.id)).anchoring).toEqual({ anchored: 1 });
  await acme.post('receipt', { sku: 'A', location: 'MAIN', quantity: 3 });
  return acme;
}

/** A connection on which something happens just before the first snapshot is taken. */
function beforeSnapshot(jobs: ClientBase, happens: () => Promise<unknown>): ClientBase {
  let isDone = false;
  const query = async (...args: [string, unknown[]?]) => {
    if (!isDone && args[0].startsWith('begin isolation level repeatable read')) {
      isDone = true;
      await happens();
    }
    return await jobs.query(...args);
  };
  return { query } as unknown as ClientBase;
}

test('a seal that is made and anchored while the anchors are being listed is not missed among them', async () => {
  const acme = await sealedOrganization();
  const other = await books.world.connect('stockade_jobs');
  const meanwhile = beforeSnapshot(books.jobs, async () => {
    expect((await sealOrganization(other, acme.id)).anchoring).toEqual({ anchored: 1 });
  });
  expect(await checkSeals(meanwhile, acme.id)).toEqual([]);
});

test('an anchor that is gone is named', async () => {
  const acme = await sealedOrganization();
  const key = aws.evidenceKeys().find((each) => each.includes(acme.id)) ?? '';
  await aws.local.s3.lose(process.env.STOCKADE_EVIDENCE_BUCKET ?? '', key);
  expect(await checkSeals(books.jobs, acme.id)).toMatchObject([
    { cause: 'anchor_missing', detail: { seal: 1, message: expect.stringContaining(`${key} is gone`) } },
  ]);
});

test('a bucket that refuses to be read is told, also when there is nothing new to seal; one that does not answer is not', async () => {
  const acme = await books.organization();
  await reconcileDue(books.jobs, noLimit);
  const makeDue = () =>
    books.superuser.query(
      `update inventory.reconciliation_state set due_at = '-infinity' where org_id = $1`,
      [acme.id],
    );
  const told = aws.alerts().length;
  for (const operation of ['ListObjectVersions', 'GetObject']) {
    await makeDue();
    const endDenial = aws.local.s3.faults.inject('denied', { operation });
    try {
      expect(await checkSeals(books.jobs, acme.id)).toMatchObject([
        { cause: 'unknown', detail: { couldNotRun: true, message: expect.stringContaining(operation) } },
      ]);
      expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ failed: 0, alerted: 1, sealed: 0 });
      expect(aws.alerts().at(-1)).toMatchObject({
        name: 'BalanceDiscrepancy',
        severity: 'warning',
        message: expect.stringMatching(/could not be held against their anchors.*AccessDenied/s),
      });
      const outcome = await run('reconcile-balances.ts', ['--org', acme.slug, '--full'], {
        DATABASE_URL: books.world.adminUrl,
      });
      expect([outcome.exitCode, outcome.stdout]).toEqual([1, expect.stringContaining('AccessDenied')]);
    } finally {
      endDenial();
    }
  }
  expect(aws.alerts().length).toBe(told + 4);

  await makeDue();
  const endFault = aws.local.s3.faults.inject('down');
  try {
    expect(await reconcileDue(books.jobs, noLimit)).toMatchObject({ failed: 0, alerted: 0 });
  } finally {
    endFault();
  }
}, 60_000);

test('beside a balance that differs it is told as well, and no cause is called unknown', async () => {
  const acme = await sealedOrganization();
  expect(await books.reconcile(acme)).toMatchObject({ clean: true });
  await books.write(acme, 'B', 'on_hand = on_hand * 2');
  const endDenial = aws.local.s3.faults.inject('denied');
  try {
    await books.reconcile(acme, { onAlert: (report) => tellDiscrepancies(books.jobs, acme, report) });
  } finally {
    endDenial();
  }
  const said = aws.alerts().at(-1);
  expect(said).toMatchObject({ name: 'BalanceDiscrepancy', severity: 'critical' });
  expect(said?.message).toContain(
    '1 balance differs from the movements, and the seals could not be held against their anchors',
  );
  expect(said?.message).not.toContain('the cause is unknown');
});

test('without a bucket only what was written down in one is missed', async () => {
  const [sealed, unsealed] = [await sealedOrganization(), await books.organization()];
  const bucket = process.env.STOCKADE_EVIDENCE_BUCKET;
  delete process.env.STOCKADE_EVIDENCE_BUCKET;
  try {
    expect(await checkSeals(books.jobs, unsealed.id)).toEqual([]);
    expect(await checkSeals(books.jobs, sealed.id)).toMatchObject([
      { detail: { couldNotRun: true, message: expect.stringContaining('STOCKADE_EVIDENCE_BUCKET') } },
    ]);
  } finally {
    process.env.STOCKADE_EVIDENCE_BUCKET = bucket;
  }
});

test.each(['daily', 'full'] as const)(
  'a closing of more movements than can be counted is told to be altered by a %s run',
  async (kind) => {
    const acme = await books.organization();
    expect(await books.reconcile(acme)).toMatchObject({ clean: true });
    await sealOrganization(books.jobs, acme.id);
    await acme.post('receipt', { sku: 'A', location: 'MAIN', quantity: 3 });
    const closings = (change: string) =>
      books.superuser.query(`alter table inventory.seal_closings ${change}`);
    await closings('disable trigger append_only');
    await books.superuser.query(
      `update inventory.seal_closings set version = 9223372036854775807
     where org_id = $1 and item_id = (select id from inventory.items where org_id = $1 and sku = 'A')`,
      [acme.id],
    );
    await closings('enable always trigger append_only');
    const run = await books.reconcile(acme, { kind });
    expect(run.discrepancies).toMatchObject([{ cause: 'seal_altered', action: 'alerted' }]);
  },
);
