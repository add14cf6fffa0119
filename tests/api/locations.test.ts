import { beforeAll, describe, expect, test } from 'vitest';
import { type Caller, openWorld } from '#tests/world.ts';
import { expectProblem, inUse, notFound, taken, wrongFields } from './problem-document.ts';

const world = openWorld();
let acme: Caller;
let globex: Caller;

const uuid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const longAgo = '2026-01-02T03:04:05.678Z';
const kinds = ['warehouse', 'store', 'supplier', 'customer', 'transit', 'other'];
const wrongKind = 'must be one of "warehouse", "store", "supplier", "customer", "transit", "other"';

beforeAll(async () => {
  [acme, globex] = [await world.createOrganization(), await world.createOrganization()];
  await acme.item('BOLT');
});

const create = (body: unknown) => acme.request('POST', '/v1/locations', body);
const get = (code: string) => acme.request('GET', `/v1/locations/${encodeURIComponent(code)}`);
const patch = (code: string, body: unknown) =>
  acme.request('PATCH', `/v1/locations/${encodeURIComponent(code)}`, body);
const remove = (code: string) => acme.request('DELETE', `/v1/locations/${encodeURIComponent(code)}`);

/** Creates a location, old enough that a change gives it another time. */
async function old(code: string): Promise<Record<string, unknown>> {
  const created = await create({ code, name: 'Name', kind: 'store' });
  expect(created.status).toBe(201);
  const superuser = await world.superuser();
  await superuser.query(
    'update inventory.locations set created_at = $3, updated_at = $3 where org_id = $1 and code = $2',
    [acme.id, code, longAgo],
  );
  const { body } = await get(code);
  expect(body).toEqual({ ...created.body, createdAt: longAgo, updatedAt: longAgo });
  return body;
}

describe('a location is created', () => {
  test.each([undefined, ...kinds])('of the kind %s, a warehouse unless said', async (kind) => {
    const code = `made ${kind}`;
    const { status, body } = await create({ code, name: 'Main', ...(kind && { kind }) });
    const shown = { code, name: 'Main', kind: kind ?? 'warehouse' };
    expect([status, body]).toEqual([
      201,
      { id: uuid, aliases: [], ...shown, createdAt: instant, updatedAt: instant },
    ]);
    expect(body.updatedAt).toBe(body.createdAt);
    expect(Math.abs(Date.parse(body.createdAt) - Date.now())).toBeLessThan(60_000);
    const got = await get(code);
    expect([got.status, got.body]).toEqual([200, body]);
  });

  test('with a code that only another organization has', async () => {
    await globex.location('THEIRS');
    expect((await create({ code: 'THEIRS', name: 'Ours' })).status).toBe(201);
  });

  test('once: a code that is taken is refused, and what has it stays as it is', async () => {
    const { body } = await create({ code: 'ONCE', name: 'First', kind: 'transit' });
    expectProblem(await create({ code: 'ONCE', name: 'Second' }), taken('a location of this code'));
    expect((await get('ONCE')).body).toEqual(body);
    expect((await create({ code: 'once', name: 'Lower case is another' })).status).toBe(201);
  });

  test.each([
    ['nulls', { code: null, name: null, kind: null }, ['must be a string', 'must be a string', wrongKind]],
    ['numbers', { code: 1, name: 2, kind: 3 }, ['must be a string', 'must be a string', wrongKind]],
    ['an unknown kind', { code: 'X', name: 'X', kind: 'shop' }, [undefined, undefined, wrongKind]],
    ['a kind in upper case', { code: 'X', name: 'X', kind: 'Store' }, [undefined, undefined, wrongKind]],
    ['nothing at all', {}, ['is missing', 'is missing', undefined]],
  ])('not with %s', async (_, body, messages) => {
    const errors = ['code', 'name', 'kind'].flatMap((field, n): [string, string][] =>
      messages[n] === undefined ? [] : [[field, messages[n]]],
    );
    expectProblem(await create(body), wrongFields(...errors));
  });

  test('not with a field that is not there', async () => {
    expectProblem(
      await create({ code: 'X', name: 'X', sku: 'X' }),
      wrongFields(['sku', 'is not a field here: check its spelling or leave it out']),
    );
    expectProblem(await get('X'), notFound('location "X"'));
  });
});

describe('a location is changed', () => {
  const changes: [field: string, change: object][] = [
    ['code', { code: 'renamed to this' }],
    ['name', { name: 'New name' }],
    ...kinds.map((kind): [string, object] => [`kind to ${kind}`, { kind }]),
    ['all', { code: 'every field', name: 'All', kind: 'other' }],
    ['nothing', {}],
  ];

  test.each(changes)('%s alone: the rest stays, and so does when it was made', async (field, change) => {
    const before = await old(`change ${field}`);
    const { status, body } = await patch(`change ${field}`, change);
    expect([status, body]).toEqual([200, { ...before, ...change, updatedAt: instant }]);
    expect(body.updatedAt > longAgo).toBe(true);
    expect(Math.abs(Date.parse(body.updatedAt) - Date.now())).toBeLessThan(60_000);
    expect((await get(body.code)).body).toEqual(body);
  });

  test.each(['id', 'createdAt', 'updatedAt', 'org_id'])('but not its %s', async (field) => {
    const before = await old(`fixed ${field}`);
    expectProblem(
      await patch(`fixed ${field}`, { name: 'New', [field]: before[field] ?? globex.id }),
      wrongFields([field, 'is not a field here: check its spelling or leave it out']),
    );
    expect((await get(`fixed ${field}`)).body).toEqual(before);
  });

  test('but not to null, nor to a code that is taken', async () => {
    const [one, other] = [await old('ONE'), await old('OTHER')];
    expectProblem(
      await patch('ONE', { code: null, name: null, kind: null }),
      wrongFields(['code', 'must be a string'], ['name', 'must be a string'], ['kind', wrongKind]),
    );
    expectProblem(await patch('ONE', { code: 'OTHER', name: 'New' }), taken('a location of this code'));
    expect([(await get('ONE')).body, (await get('OTHER')).body]).toEqual([one, other]);
  });

  test('alone: none of another organization', async () => {
    await globex.location('SHARED');
    const theirs = (await globex.request('GET', '/v1/locations/SHARED')).body;
    await old('SHARED');
    expect((await patch('SHARED', { name: 'Changed' })).status).toBe(200);
    expect((await globex.request('GET', '/v1/locations/SHARED')).body).toEqual(theirs);
  });
});

describe('a location that has history', () => {
  const line = (location: string) => ({ sku: 'BOLT', location, quantity: 3 });

  test('keeps it under its new code, and the old code is free', async () => {
    const { id } = await old('BEFORE');
    const { entryId } = (await acme.post('receipt', line('BEFORE'))).body;
    expect((await patch('BEFORE', { code: 'AFTER' })).body).toMatchObject({ id, code: 'AFTER' });
    expectProblem(await get('BEFORE'), notFound('location "BEFORE"'));
    for (const path of ['balances?location=AFTER', 'movements?location=AFTER'])
      expect((await acme.request('GET', `/v1/${path}`)).body.data).toMatchObject([{ location: 'AFTER' }]);
    const entry = await acme.request('GET', `/v1/entries/${entryId}`);
    expect(entry.body.lines).toMatchObject([{ location: 'AFTER', quantity: 3 }]);
    expect((await create({ code: 'BEFORE', name: 'New' })).status).toBe(201);
    expect((await acme.request('GET', '/v1/balances?location=BEFORE')).body.data).toEqual([]);
  });

  test('cannot be deleted, not even when nothing is left there, but can be changed', async () => {
    await old('MOVED');
    const { entryId } = (await acme.post('receipt', line('MOVED'))).body;
    expectProblem(await remove('MOVED'), inUse);
    expect((await acme.request('POST', `/v1/entries/${entryId}/reversal`, {})).status).toBe(201);
    expectProblem(await remove('MOVED'), inUse);
    expect((await patch('MOVED', { name: 'Still here' })).body.name).toBe('Still here');
  });
});

describe('a location is deleted', () => {
  test('with 204 and nothing more, once, and no other with it; its code is free', async () => {
    await globex.location('GONE');
    const [gone, stays] = [await old('GONE'), await old('STAYS')];
    const { status, body } = await remove('GONE');
    expect([status, body]).toEqual([204, undefined]);
    expectProblem(await get('GONE'), notFound('location "GONE"'));
    expectProblem(await remove('GONE'), notFound('location "GONE"'));
    expectProblem(await patch('GONE', { name: 'Back' }), notFound('location "GONE"'));
    expect((await get('STAYS')).body).toEqual(stays);
    expect((await globex.request('GET', '/v1/locations/GONE')).status).toBe(200);
    expect((await create({ code: 'GONE', name: 'Again' })).body.id).not.toBe(gone.id);
  });
});
