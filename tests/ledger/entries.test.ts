import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { expectProblem, notFound, wrongFields } from '#tests/api/problem-document.ts';
import { type Answer, type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
const email = 'ada@example.com';
let acme: Caller;
let posted: Answer;
let bare: Answer;
let reversal: Answer;

const metadata = { order: 7, tags: ['a', null], deep: { yes: true, text: 'ü "' }, half: 0.5 };

beforeAll(async () => {
  acme = await world.createOrganization();
  await acme.item('BOLT', { allowNegative: true });
  await acme.item('MILK', { tracking: 'lot', allowNegative: true });
  for (const code of ['MAIN', 'SHOP']) await acme.location(code);
  posted = await acme.request('POST', '/v1/movements', {
    kind: 'adjustment',
    reference: 'ADJ-1',
    occurredAt: '2026-03-01T09:30:00.5+01:00',
    metadata,
    lines: [
      { sku: 'MILK', location: 'SHOP', lot: 'L2', quantity: 1.25 },
      { sku: 'BOLT', location: 'MAIN', quantity: -3 },
      { sku: 'MILK', location: 'MAIN', lot: 'L1', quantity: -0.0001 },
      { sku: 'BOLT', location: 'MAIN', quantity: 2 },
    ],
  });
  reversal = await acme.request('POST', `/v1/entries/${posted.body.entryId}/reversal`, {
    reference: 'UNDO-1',
    metadata: { why: 'typo' },
  });
  bare = await acme.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 1 });
});

const get = (id: string) => acme.request('GET', `/v1/entries/${id}`);
const actor = () => `key:${parseApiKey(acme.apiKey, 'test')?.keyId}`;

test('an entry is answered whole: its lines in order, who posted it, and what reversed it', async () => {
  const { entryId, recordedAt } = posted.body;
  const { status, body } = await get(entryId);
  expect(status).toBe(200);
  expect(body).toEqual({
    entryId,
    kind: 'adjustment',
    reference: 'ADJ-1',
    occurredAt: '2026-03-01T08:30:00.500Z',
    recordedAt,
    actor: actor(),
    metadata,
    reverses: null,
    reversedBy: reversal.body.entryId,
    lines: [
      { movementId: `${entryId}.1`, sku: 'MILK', location: 'SHOP', lot: 'L2', quantity: 1.25 },
      { movementId: `${entryId}.2`, sku: 'BOLT', location: 'MAIN', lot: null, quantity: -3 },
      { movementId: `${entryId}.3`, sku: 'MILK', location: 'MAIN', lot: 'L1', quantity: -0.0001 },
      { movementId: `${entryId}.4`, sku: 'BOLT', location: 'MAIN', lot: null, quantity: 2 },
    ],
  });
});

test('a reversal is an entry of its own, which says what it reverses', async () => {
  const { entryId, recordedAt } = reversal.body;
  expect((await get(entryId)).body).toEqual({
    entryId,
    kind: 'reversal',
    reference: 'UNDO-1',
    occurredAt: recordedAt,
    recordedAt,
    actor: actor(),
    metadata: { why: 'typo' },
    reverses: posted.body.entryId,
    reversedBy: null,
    lines: [
      { movementId: `${entryId}.1`, sku: 'MILK', location: 'SHOP', lot: 'L2', quantity: -1.25 },
      { movementId: `${entryId}.2`, sku: 'BOLT', location: 'MAIN', lot: null, quantity: 3 },
      { movementId: `${entryId}.3`, sku: 'MILK', location: 'MAIN', lot: 'L1', quantity: 0.0001 },
      { movementId: `${entryId}.4`, sku: 'BOLT', location: 'MAIN', lot: null, quantity: -2 },
    ],
  });
});

test('what was not given is null, or an empty object', async () => {
  const { entryId, recordedAt } = bare.body;
  expect((await get(entryId)).body).toEqual({
    entryId,
    kind: 'receipt',
    reference: null,
    occurredAt: recordedAt,
    recordedAt,
    actor: actor(),
    metadata: {},
    reverses: null,
    reversedBy: null,
    lines: [{ movementId: `${entryId}.1`, sku: 'BOLT', location: 'MAIN', lot: null, quantity: 1 }],
  });
});

test('what a user posts, alone or with a key, is in the name of the user', async () => {
  await world.join(email, acme);
  const authorization = `Bearer ${await world.token(email)}`;
  const body = { kind: 'receipt', lines: [{ sku: 'BOLT', location: 'MAIN', quantity: 1 }] };
  const alone = await world.request('POST', '/v1/movements', body, { authorization });
  const both = await acme.request('POST', '/v1/movements', body, { authorization });
  const { rows } = await (await world.superuser()).query('select id from tenancy.users where email = $1', [
    email,
  ]);
  for (const answer of [alone, both]) {
    expect(answer.status).toBe(201);
    expect((await get(answer.body.entryId)).body.actor).toBe(`user:${rows[0].id}`);
  }
});

test('an id is found in capitals as well', async () => {
  const { status, body } = await get(bare.body.entryId.toUpperCase());
  expect([status, body.entryId]).toEqual([200, bare.body.entryId]);
});

describe.each([
  ['GET', ''],
  ['POST', '/reversal'],
])('%s /v1/entries/{id}%s', (method, rest) => {
  const ask = (id: string) =>
    acme.request(method, `/v1/entries/${id}${rest}`, method === 'POST' ? {} : undefined);

  test.each(['1', 'no-id', '01990000-0000-7000-8000-00000000000', '01990000-0000-7000-8000-00000000000g'])(
    'refuses the id %s, which is none',
    async (id) => {
      const answer = await ask(id);
      expectProblem(answer, wrongFields(['id', 'must be the id of an entry']));
    },
  );

  test('answers an id that is not there, or is another organization’s, with 404', async () => {
    const globex = await world.createOrganization();
    await globex.item('BOLT');
    await globex.location('MAIN');
    const theirs = await globex.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 1 });
    for (const id of [randomUUID(), theirs.body.entryId]) {
      const answer = await ask(id);
      const what = method === 'GET' ? `entry ${id}` : 'such object';
      expectProblem(answer, notFound(what));
    }
    expect((await globex.request('GET', `/v1/entries/${theirs.body.entryId}`)).body.reversedBy).toBeNull();
  });
});

test('a query, or a field of a reversal, that nobody knows is refused', async () => {
  const message = 'is not a field here: check its spelling or leave it out';
  const { entryId } = bare.body;
  expectProblem(await get(`${entryId}?full=1`), wrongFields(['full', message]));
  const undone = await acme.request('POST', `/v1/entries/${entryId}/reversal`, { lines: [], kind: 'issue' });
  expectProblem(undone, wrongFields(['lines', message], ['kind', message]));
});
