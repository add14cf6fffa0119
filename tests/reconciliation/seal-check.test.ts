import type { ClientBase } from 'pg';
import { expect, test } from 'vitest';
import { checkSeals } from '#ledger/reconcile/seal-check.ts';
import { sealOrganization } from '#ledger/seals/seal-organization.ts';
import { openAws } from '#tests/aws.ts';
import type { Caller } from '#tests/world.ts';
import { openBooks } from './books.ts';

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
