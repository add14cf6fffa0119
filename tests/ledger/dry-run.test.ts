import { beforeAll, describe, expect, test } from 'vitest';
import { expectProblem } from '#tests/api/problem-document.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { balancesOf, doesNotFit, insufficientStock, newItem, postedEntry, staleBalance } from './answers.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization();
  await acme.location('MAIN');
});

async function stocked(): Promise<string> {
  const sku = await newItem(acme);
  await acme.post('receipt', { sku, location: 'MAIN', quantity: 5 });
  return sku;
}

const post = (body: object, key?: string) =>
  acme.request('POST', '/v1/movements', body, key ? { 'idempotency-key': key } : {});

test('a dry run answers 200 with the whole of what would be posted, and says that it is one', async () => {
  const sku = await stocked();
  const { status, body } = await post({
    kind: 'issue',
    reference: 'SO-1',
    occurredAt: '2026-03-01T09:30:00Z',
    dryRun: true,
    lines: [
      { sku, location: 'MAIN', quantity: -2, expectedVersion: 1 },
      { sku, location: 'MAIN', quantity: -1 },
    ],
  });
  expect(status).toBe(200);
  expect(body).toEqual(
    postedEntry(
      body,
      'issue',
      [
        [sku, 'MAIN', null, -2, 2, 3],
        [sku, 'MAIN', null, -1, 2, 3],
      ],
      { reference: 'SO-1', occurredAt: '2026-03-01T09:30:00.000Z', dryRun: true },
    ),
  );
});

test('a dry run writes nothing: no balance, no version, no movement, no entry', async () => {
  const sku = await stocked();
  const movements = await acme.request('GET', `/v1/movements?sku=${sku}`);
  const { body } = await post({
    kind: 'issue',
    dryRun: true,
    lines: [{ sku, location: 'MAIN', quantity: -5 }],
  });
  expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 5, 1]]);
  expect((await acme.request('GET', `/v1/movements?sku=${sku}`)).body).toEqual(movements.body);
  expect((await acme.request('GET', `/v1/entries/${body.entryId}`)).status).toBe(404);
  // What it left would be seen by the next of the same session as well.
  const again = await post({
    kind: 'issue',
    dryRun: true,
    lines: [{ sku, location: 'MAIN', quantity: -5, expectedVersion: 1 }],
  });
  expect(again.body.lines[0].balance).toEqual({ onHand: 0, reserved: 0, available: 0, version: 2 });
});

test('a dry run makes no balance of an item that was never moved', async () => {
  const sku = await newItem(acme);
  await post({ kind: 'receipt', dryRun: true, lines: [{ sku, location: 'MAIN', quantity: 1 }] });
  expect(await balancesOf(acme, sku)).toEqual([]);
});

test('a dry run leaves its Idempotency-Key unused', async () => {
  const sku = await stocked();
  const lines = [{ sku, location: 'MAIN', quantity: -1 }];
  const key = `dry-${sku}`;
  const dry = await post({ kind: 'issue', dryRun: true, lines }, key);
  const dryAgain = await post({ kind: 'issue', dryRun: true, lines }, key);
  const real = await post({ kind: 'issue', lines }, key);
  const replayed = await post({ kind: 'issue', lines }, key);
  expect([dry, dryAgain, real, replayed].map(({ status }) => status)).toEqual([200, 200, 201, 201]);
  expect([dry, dryAgain, real, replayed].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([
    null,
    null,
    null,
    'true',
  ]);
  expect(dryAgain.body.entryId).not.toBe(dry.body.entryId);
  expect(replayed.body).toEqual(real.body);
  expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 4, 2]]);
});

test('dryRun: false posts, and is not mentioned in the answer', async () => {
  const sku = await newItem(acme);
  const { status, body } = await post({
    kind: 'receipt',
    dryRun: false,
    lines: [{ sku, location: 'MAIN', quantity: 1 }],
  });
  expect(status).toBe(201);
  expect(body).toEqual(postedEntry(body, 'receipt', [[sku, 'MAIN', null, 1, 1, 1]]));
  expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 1, 1]]);
});

describe('a dry run refuses what would be refused', () => {
  test('because of insufficient stock', async () => {
    const sku = await stocked();
    const answer = await post({
      kind: 'issue',
      dryRun: true,
      lines: [{ sku, location: 'MAIN', quantity: -6 }],
    });
    expectProblem(
      answer,
      insufficientStock([{ sku, location: 'MAIN', lot: null, available: 5, requested: 6 }]),
    );
  });

  test('for a version that is stale', async () => {
    const sku = await stocked();
    const answer = await post({
      kind: 'issue',
      dryRun: true,
      lines: [{ sku, location: 'MAIN', quantity: -1, expectedVersion: 0 }],
    });
    expectProblem(
      answer,
      staleBalance([{ sku, location: 'MAIN', lot: null, expectedVersion: 0, version: 1 }]),
    );
  });

  test('for a location that is not there', async () => {
    const sku = await stocked();
    const answer = await post({
      kind: 'issue',
      dryRun: true,
      lines: [{ sku, location: 'NOWHERE', quantity: -1 }],
    });
    expectProblem(answer, doesNotFit(['lines[0].location', 'there is no location with the code "NOWHERE"']));
  });
});
