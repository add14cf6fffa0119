import { beforeAll, describe, expect, test } from 'vitest';
import { type Caller, openWorld } from '#tests/world.ts';
import { expectProblem, inUse, notFound, taken, wrongFields } from './problem-document.ts';

const world = openWorld();
let acme: Caller;
let globex: Caller;

const uuid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const longAgo = '2026-01-02T03:04:05.678Z';
const defaults = {
  id: uuid,
  aliases: [],
  unit: 'each',
  tracking: 'none',
  allowNegative: false,
  reorderPoint: null,
  metadata: {},
  createdAt: instant,
  updatedAt: instant,
};
/** One of which every field has a value of its own. */
const full = {
  name: 'Green tea',
  unit: 'kg',
  tracking: 'lot',
  allowNegative: true,
  reorderPoint: 12.5,
  metadata: { shelf: 'A1', tags: ['a', null, 1.5, true, { deep: [] }] },
};

beforeAll(async () => {
  [acme, globex] = [await world.createOrganization(), await world.createOrganization()];
});

const create = (body: unknown) => acme.request('POST', '/v1/items', body);
const get = (sku: string) => acme.request('GET', `/v1/items/${encodeURIComponent(sku)}`);
const patch = (sku: string, body: unknown) =>
  acme.request('PATCH', `/v1/items/${encodeURIComponent(sku)}`, body);
const remove = (sku: string) => acme.request('DELETE', `/v1/items/${encodeURIComponent(sku)}`);

/** Creates an item, old enough that a change gives it another time. */
async function old(sku: string, more: object = full): Promise<Record<string, unknown>> {
  await acme.item(sku, more);
  const superuser = await world.superuser();
  await superuser.query(
    'update inventory.items set created_at = $3, updated_at = $3 where org_id = $1 and sku = $2',
    [acme.id, sku, longAgo],
  );
  const { body } = await get(sku);
  expect([body.createdAt, body.updatedAt]).toEqual([longAgo, longAgo]);
  return body;
}

describe('an item is created', () => {
  const given: [what: string, fields: Record<string, unknown>][] = [
    ['with what it must have', {}],
    ['with a unit', { unit: 'box of 12' }],
    ['tracked by lot', { tracking: 'lot' }],
    ['tracked by none', { tracking: 'none' }],
    ['that may go below zero', { allowNegative: true }],
    ['that may not go below zero', { allowNegative: false }],
    ['with a reorder point', { reorderPoint: 0.0001 }],
    ['with a reorder point of zero', { reorderPoint: 0 }],
    ['with no reorder point', { reorderPoint: null }],
    ['with metadata', { metadata: full.metadata }],
    ['with empty metadata', { metadata: {} }],
    ['with all of it', full],
  ];

  test.each(given)('%s, and shown as it was given, the rest by default', async (what, fields) => {
    const sku = `made ${what}`;
    const { status, body } = await create({ sku, name: 'Tea', ...fields });
    expect([status, body]).toEqual([201, { ...defaults, sku, name: 'Tea', ...fields }]);
    expect(body.updatedAt).toBe(body.createdAt);
    expect(Math.abs(Date.parse(body.createdAt) - Date.now())).toBeLessThan(60_000);
    const got = await get(sku);
    expect([got.status, got.body]).toEqual([200, body]);
  });

  test('with a SKU that only another organization has', async () => {
    await globex.item('THEIRS');
    expect((await create({ sku: 'THEIRS', name: 'Ours' })).status).toBe(201);
  });

  test('once: a SKU that is taken is refused, and what has it stays as it is', async () => {
    const { body } = await create({ sku: 'ONCE', name: 'First' });
    expectProblem(await create({ sku: 'ONCE', name: 'Second' }), taken('an item of this SKU'));
    expect((await get('ONCE')).body).toEqual(body);
    expect((await create({ sku: 'once', name: 'Lower case is another' })).status).toBe(201);
  });

  test('not with null where there is a default, nor without SKU and name', async () => {
    const nulls = { sku: null, name: null, unit: null, tracking: null, allowNegative: null, metadata: null };
    expectProblem(
      await create(nulls),
      wrongFields(
        ['sku', 'must be a string'],
        ['name', 'must be a string'],
        ['unit', 'must be a string'],
        ['tracking', 'must be one of "none", "lot"'],
        ['allowNegative', 'must be true or false'],
        ['metadata', 'must be an object'],
      ),
    );
    expectProblem(await create({}), wrongFields(['sku', 'is missing'], ['name', 'is missing']));
  });

  test('not with a field that is not there', async () => {
    expectProblem(
      await create({ sku: 'X', name: 'X', id: '1', archived: false }),
      wrongFields(
        ['id', 'is not a field here: check its spelling or leave it out'],
        ['archived', 'is not a field here: check its spelling or leave it out'],
      ),
    );
    expectProblem(await get('X'), notFound('item "X"'));
  });
});

describe('an item is changed', () => {
  const changes: [field: string, change: Record<string, unknown>][] = [
    ['sku', { sku: 'renamed to this' }],
    ['name', { name: 'Black tea' }],
    ['unit', { unit: 'g' }],
    ['allowNegative', { allowNegative: false }],
    ['reorderPoint', { reorderPoint: 0 }],
    ['reorderPoint to none', { reorderPoint: null }],
    ['metadata', { metadata: { other: [1] } }],
    ['metadata to nothing', { metadata: {} }],
    ['several', { name: 'Oolong', unit: 'lb', reorderPoint: 3, metadata: { a: 'b' }, allowNegative: false }],
    [
      'all',
      { sku: 'every field', name: 'N', unit: 'u', allowNegative: false, reorderPoint: 1, metadata: {} },
    ],
    ['nothing', {}],
  ];

  test.each(changes)('%s alone: the rest stays, and so does when it was made', async (field, change) => {
    const before = await old(`change ${field}`);
    const { status, body } = await patch(`change ${field}`, change);
    expect([status, body]).toEqual([200, { ...before, ...change, updatedAt: instant }]);
    expect(body.updatedAt > longAgo).toBe(true);
    expect(Math.abs(Date.parse(body.updatedAt) - Date.now())).toBeLessThan(60_000);
    expect((await get(body.sku)).body).toEqual(body);
  });

  test('to what it is already', async () => {
    const before = await old('SAME');
    const { sku, name, unit, allowNegative, reorderPoint, metadata } = before;
    const { status, body } = await patch('SAME', { sku, name, unit, allowNegative, reorderPoint, metadata });
    expect([status, body]).toEqual([200, { ...before, updatedAt: instant }]);
  });

  test.each(['id', 'tracking', 'createdAt', 'updatedAt', 'orgId', 'org_id'])(
    'but not its %s',
    async (field) => {
      const before = await old(`fixed ${field}`);
      expectProblem(
        await patch(`fixed ${field}`, { name: 'New', [field]: before[field] ?? globex.id }),
        wrongFields([field, 'is not a field here: check its spelling or leave it out']),
      );
      expect((await get(`fixed ${field}`)).body).toEqual(before);
    },
  );

  test('but not to null, except for the reorder point', async () => {
    const before = await old('NULLS');
    const nulls = { sku: null, name: null, unit: null, allowNegative: null, metadata: null };
    expectProblem(
      await patch('NULLS', nulls),
      wrongFields(
        ['sku', 'must be a string'],
        ['name', 'must be a string'],
        ['unit', 'must be a string'],
        ['allowNegative', 'must be true or false'],
        ['metadata', 'must be an object'],
      ),
    );
    expect((await get('NULLS')).body).toEqual(before);
  });

  test('but not to a SKU that is taken', async () => {
    const [one, other] = [await old('ONE'), await old('OTHER')];
    expectProblem(await patch('ONE', { sku: 'OTHER', name: 'New' }), taken('an item of this SKU'));
    expect([(await get('ONE')).body, (await get('OTHER')).body]).toEqual([one, other]);
  });

  test('alone: no other item, and none of another organization', async () => {
    await globex.item('SHARED');
    const theirs = (await globex.request('GET', '/v1/items/SHARED')).body;
    const neighbour = await old('NEIGHBOUR');
    await old('SHARED');
    expect((await patch('SHARED', { name: 'Changed' })).status).toBe(200);
    expect((await globex.request('GET', '/v1/items/SHARED')).body).toEqual(theirs);
    expect((await get('NEIGHBOUR')).body).toEqual(neighbour);
  });
});

describe('an item that has history', () => {
  const line = (sku: string, quantity = 3) => ({ sku, location: 'MAIN', quantity });
  beforeAll(() => acme.location('MAIN'));

  test('keeps it under its new SKU, and the old SKU is free', async () => {
    await acme.item('BEFORE');
    const { id } = (await get('BEFORE')).body;
    const { entryId } = (await acme.post('receipt', line('BEFORE'))).body;
    expect((await patch('BEFORE', { sku: 'AFTER' })).body).toMatchObject({ id, sku: 'AFTER' });
    expectProblem(await get('BEFORE'), notFound('item "BEFORE"'));
    expect(await acme.onHand('AFTER')).toBe(3);
    for (const path of ['balances?sku=AFTER', 'movements?sku=AFTER'])
      expect((await acme.request('GET', `/v1/${path}`)).body.data).toMatchObject([{ sku: 'AFTER' }]);
    const entry = await acme.request('GET', `/v1/entries/${entryId}`);
    expect(entry.body.lines).toMatchObject([{ sku: 'AFTER', quantity: 3 }]);
    await acme.item('BEFORE');
    expect((await get('BEFORE')).body.id).not.toBe(id);
    expect([await acme.onHand('BEFORE'), await acme.onHand('AFTER')]).toEqual([0, 3]);
  });

  test('cannot be deleted, not even when nothing is left of it, but can be changed', async () => {
    await acme.item('MOVED');
    const { entryId } = (await acme.post('receipt', line('MOVED'))).body;
    expectProblem(await remove('MOVED'), inUse);
    expect((await acme.request('POST', `/v1/entries/${entryId}/reversal`, {})).status).toBe(201);
    expectProblem(await remove('MOVED'), inUse);
    expect((await patch('MOVED', { name: 'Still here' })).body.name).toBe('Still here');
    expect(await acme.onHand('MOVED')).toBe(0);
  });

  test('is not one that was only tried', async () => {
    await acme.item('TRIED');
    const dryRun = { kind: 'receipt', dryRun: true, lines: [line('TRIED')] };
    expect((await acme.request('POST', '/v1/movements', dryRun)).status).toBe(200);
    expect((await remove('TRIED')).status).toBe(204);
  });
});

describe('an item is deleted', () => {
  test('with 204 and nothing more, once, and no other with it; its SKU is free', async () => {
    await globex.item('GONE');
    const [gone, stays] = [await old('GONE'), await old('STAYS')];
    const { status, body } = await remove('GONE');
    expect([status, body]).toEqual([204, undefined]);
    expectProblem(await get('GONE'), notFound('item "GONE"'));
    expectProblem(await remove('GONE'), notFound('item "GONE"'));
    expectProblem(await patch('GONE', { name: 'Back' }), notFound('item "GONE"'));
    expect((await get('STAYS')).body).toEqual(stays);
    expect((await globex.request('GET', '/v1/items/GONE')).status).toBe(200);
    const again = (await create({ sku: 'GONE', name: 'Again' })).body;
    expect(again).toEqual({ ...defaults, sku: 'GONE', name: 'Again' });
    expect(again.id).not.toBe(gone.id);
  });
});
