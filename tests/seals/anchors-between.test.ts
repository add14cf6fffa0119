import type { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { drawBoundary } from '#audit/seals/boundary.ts';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { openAws } from '#tests/aws.ts';
import { meanwhile } from '#tests/reconciliation/meanwhile.ts';
import { type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
const aws = openAws();
let jobs: Client;
beforeAll(async () => {
  jobs = await world.connect('stockade_jobs');
});

/** An organization that has posted so many entries of one movement each. */
async function posted(entries: number): Promise<Caller> {
  const tenant = await world.createOrganization();
  await tenant.location('MAIN');
  await tenant.item('A');
  const lines = [{ sku: 'A', location: 'MAIN', quantity: 1 }];
  for (let n = 0; n < entries; n += 1) await tenant.post('receipt', ...lines);
  return tenant;
}
const seal = (tenant: Caller, signal?: AbortSignal) =>
  sealOrganization(jobs, tenant.id, { mostMovements: 1, signal });
const anchorsOf = ({ id }: Caller) => aws.evidenceKeys().filter((key) => key.includes(id)).length;

test('anchors that the bucket refuses after the first sixteen are left to the next run, and those before stay', async () => {
  const acme = await posted(18);
  let end = () => {};
  const first = await meanwhile(
    jobs,
    'note_seal_anchor',
    () => {
      end = aws.local.s3.faults.inject('denied', { operation: 'PutObject' });
    },
    () => seal(acme),
  );
  end();
  expect(first.seals.map(({ seq }) => seq)).toEqual(Array.from({ length: 18 }, (_, n) => n + 1));
  expect(first.anchoring).toEqual({
    anchored: 16,
    failure: { code: 'refused', message: expect.stringContaining('S3 PutObject') },
  });
  expect(anchorsOf(acme)).toBe(16);
  expect(await seal(acme)).toEqual({
    ...{ seals: [], sealed: undefined, reason: 'nothing-new' },
    anchoring: { anchored: 2 },
  });
  expect(anchorsOf(acme)).toBe(18);
});

test('an anchor that is busy once is written at the second attempt, and one that stays so is left', async () => {
  const acme = await posted(1);
  aws.local.s3.faults.inject('throttled', { operation: 'PutObject', times: 1 });
  expect((await seal(acme)).anchoring).toEqual({ anchored: 1 });
  await acme.post('receipt', { sku: 'A', location: 'MAIN', quantity: 1 });
  const end = aws.local.s3.faults.inject('throttled', { operation: 'PutObject' });
  expect((await seal(acme)).anchoring).toMatchObject({ anchored: 0, failure: { code: 'unavailable' } });
  end();
  expect((await seal(acme)).anchoring).toEqual({ anchored: 1 });
});

test('a signal between two seals leaves the rest to the next call, which goes on from there', async () => {
  const acme = await posted(3);
  const ended = new AbortController();
  const first = await meanwhile(
    jobs,
    'inventory.seal_next',
    () => ended.abort(),
    () => seal(acme, ended.signal),
  );
  expect(first).toMatchObject({
    seals: [{ seq: 1 }],
    sealed: { seq: 1 },
    reason: 'stopped',
    anchoring: { anchored: 0 },
  });
  const rest = await seal(acme);
  expect(rest.seals.map(({ seq }) => seq)).toEqual([2, 3]);
  expect(rest).toMatchObject({ sealed: { seq: 3 }, reason: undefined, anchoring: { anchored: 3 } });
});

test('while somebody writes no boundary is drawn, and one is at the first try after that', async () => {
  const acme = await posted(1);
  const writer = await world.superuser();
  const write = async () => {
    await writer.query('begin');
    await writer.query('select pg_advisory_xact_lock_shared(hashtextextended($1, 7325))', [acme.id]);
  };
  await write();
  expect(await sealOrganization(jobs, acme.id, { patienceMs: -1 })).toEqual({
    ...{ seals: [], sealed: undefined, reason: 'busy', anchoring: { anchored: 0 } },
  });
  const signal = AbortSignal.abort();
  expect(await drawBoundary(jobs, acme.id, { signal })).toBe(false);
  // The first try is taken back, and then the writer is done.
  const isDrawn = await meanwhile(
    jobs,
    'rollback',
    () => writer.query('commit'),
    () => drawBoundary(jobs, acme.id),
  );
  expect(isDrawn).toBe(true);
  await write();
  // Movements up to the boundary are sealed, although writers go on.
  expect((await sealOrganization(jobs, acme.id, { patienceMs: -1 })).seals).toMatchObject([{ seq: 1 }]);
  await writer.query('commit');
});
