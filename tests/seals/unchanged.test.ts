import { expect, test } from 'vitest';
import { readUnchanged } from '#audit/seals/verify/unchanged.ts';
import type { Caller } from '#tests/world.ts';
import { openSealedWorld } from './sealed-world.ts';

/** A sealed part is recognized by its digest, and nothing else is: a full comparison takes ten times as long. */

const { world, organization, post, seal, verify, tamper } = openSealedWorld();

/** A seal over what a leaf can be made of: several lines, lots, no reference, texts of more than a byte a letter, less than nothing. */
async function sealedOddities(): Promise<Caller> {
  const tenant = await organization();
  await tenant.item('LOTS', { tracking: 'lot', allowNegative: true });
  await post(tenant, 3);
  await tenant.request('POST', '/v1/movements', {
    kind: 'adjustment',
    reference: 'Größe ✓',
    metadata: { ü: ['\n', { long: 'x'.repeat(5_000) }] },
    occurredAt: '2001-02-03T04:05:06.789Z',
    lines: [
      { sku: 'LOTS', location: 'MAIN', lot: 'Ä-1', quantity: -999999999.9999 },
      { sku: 'LOTS', location: 'MAIN', lot: 'Ä-2', quantity: 0.0001 },
    ],
  });
  const { body } = await tenant.post('receipt', { sku: 'A', location: 'MAIN', quantity: 7 });
  await tenant.request('POST', `/v1/entries/${body.entryId}/reversal`, {});
  await seal(tenant);
  return tenant;
}

async function look(tenant: Caller) {
  const jobs = await world.connect('stockade_jobs');
  await jobs.query('begin isolation level repeatable read read only');
  try {
    await jobs.query('select tenancy.enter_as_job($1)', [tenant.id]);
    const { rows } = await jobs.query('select inventory.seal_json(s) as seal from inventory.seals s');
    return await readUnchanged(jobs, tenant.id, rows[0].seal, null);
  } finally {
    await jobs.query('rollback');
  }
}

test('what was sealed is known again, whatever it is made of', async () => {
  const tenant = await sealedOddities();
  const found = await look(tenant);
  expect(found?.movements).toBe(7);
  expect([...(found?.changes.left() ?? [])]).toHaveLength(5);
  expect(await verify(tenant)).toMatchObject({ ok: true, movements: 7, faultCount: 0 });
});

test.each([
  ['a quantity', 'update movements set quantity = quantity + 0.0001 where org_id = $1 and lot <> $2', ['']],
  ['an instant', `update movements set occurred_at = 'infinity' where org_id = $1 and line = $2`, [2]],
  ['a quantity that is none', `update movements set quantity = 'NaN' where org_id = $1 and line = $2`, [2]],
  ['a movement that is gone', 'delete from movements where org_id = $1 and line = $2', [2]],
  ['an entry that is gone', 'delete from entries where org_id = $1 and reference = $2', ['Größe ✓']],
  ['a reference', 'update entries set reference = null where org_id = $1 and reference = $2', ['Größe ✓']],
  ['a page', `update seal_pages set leaves = set_byte(leaves, $2, 0) where org_id = $1`, [19]],
  ['the root of a page', `update seal_pages set root = set_byte(root, $2, 0) where org_id = $1`, [0]],
  [
    'a page too many',
    `insert into seal_pages select org_id, seq, $2, last_leaf, root, leaves from seal_pages where org_id = $1`,
    [1],
  ],
  [
    'the root of a seal',
    `update seals set merkle_root = set_byte(merkle_root, $2, 0) where org_id = $1`,
    [0],
  ],
])('%s that was altered is not known again', async (_what, statement, values) => {
  const tenant = await sealedOddities();
  await tamper(statement, [tenant.id, ...values]);
  expect(await look(tenant)).toBeUndefined();
});
