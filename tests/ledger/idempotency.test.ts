import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectProblem, idempotencyMismatch } from '#tests/api/problem-document.ts';
import { type Answer, type Caller, openWorld } from '#tests/world.ts';
import { balancesOf, newItem, postedEntry } from './answers.ts';
import { asOrganization, refusalOf } from './posting-session.ts';

const world = openWorld();
let acme: Caller;
let api: Client;

beforeAll(async () => {
  acme = await world.createOrganization();
  await acme.location('MAIN');
  api = await world.connect('stockade_api');
});

const receipt = (sku: string, more: object = {}) => ({
  kind: 'receipt',
  lines: [{ sku, location: 'MAIN', quantity: 1 }],
  ...more,
});
const post = (key: string, body: unknown, path = '/v1/movements', organization = acme) =>
  organization.request('POST', path, body, { 'idempotency-key': key });
const isReplayed = ({ headers }: Answer) => headers.get('idempotent-replayed') === 'true';

test('the same request again has the first answer, field by field in its order, and no effect', async () => {
  const sku = await newItem(acme);
  const key = randomUUID();
  const first = await post(key, receipt(sku));
  await acme.post('receipt', { sku, location: 'MAIN', quantity: 10 });
  const second = await post(key, receipt(sku));
  expect([first.status, isReplayed(first), second.status, isReplayed(second)]).toEqual([
    201,
    false,
    201,
    true,
  ]);
  expect(first.body).toEqual(postedEntry(first.body, 'receipt', [[sku, 'MAIN', null, 1, 1, 1]]));
  expect(JSON.stringify(second.body)).toBe(JSON.stringify(first.body));
  expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 11, 2]]);
});

test('of the same request many times at once, one takes effect and all have its answer', async () => {
  const sku = await newItem(acme);
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: 6 }, () => post(key, receipt(sku))));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
  const { entryId } = answers[0]?.body ?? {};
  expect(answers.map(({ body }) => body.entryId)).toEqual(answers.map(() => entryId));
  expect(answers.map(isReplayed).sort()).toEqual([false, true, true, true, true, true]);
  expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 1, 1]]);
});

describe('another request under the key is refused', () => {
  test.each<[string, (sku: string) => unknown, string?]>([
    ['with another quantity', (sku) => receipt(sku, { lines: [{ sku, location: 'MAIN', quantity: 2 }] })],
    ['with another reference', (sku) => receipt(sku, { reference: 'PO-1' })],
    ['written otherwise', (sku) => `${JSON.stringify(receipt(sku))} `],
    ['of another route', (sku) => ({ sku: `${sku}-B`, name: 'B' }), '/v1/items'],
  ])('%s', async (_, body, path) => {
    const sku = await newItem(acme);
    const key = randomUUID();
    await post(key, receipt(sku));
    const answer = await post(key, body(sku), path);
    expectProblem(answer, idempotencyMismatch);
    expect(await balancesOf(acme, sku)).toEqual([['MAIN', null, 1, 1]]);
  });
});

test('a refused request leaves its key unused, for whatever comes next', async () => {
  const sku = await newItem(acme);
  const key = randomUUID();
  const taking = { kind: 'issue', lines: [{ sku, location: 'MAIN', quantity: -1 }] };
  expect((await post(key, taking)).status).toBe(409);
  const next = await post(key, receipt(sku));
  expect([next.status, isReplayed(next)]).toEqual([201, false]);
});

test('a key belongs to its organization', async () => {
  const globex = await world.createOrganization();
  const sku = await newItem(acme);
  await globex.item(sku);
  await globex.location('MAIN');
  const key = randomUUID();
  const ours = await post(key, receipt(sku));
  const theirs = await post(key, receipt(sku), '/v1/movements', globex);
  expect([theirs.status, isReplayed(theirs)]).toEqual([201, false]);
  expect(theirs.body.entryId).not.toBe(ours.body.entryId);
});

test.each(['!', '~'.repeat(255)])('a key of 1 to 255 visible characters is taken: %s', async (key) => {
  const sku = await newItem(acme);
  expect((await post(key, receipt(sku))).status).toBe(201);
  const again = await post(key, receipt(sku));
  expect([again.status, isReplayed(again)]).toEqual([201, true]);
});

describe('the functions beneath', () => {
  const claim = (key: unknown, fingerprint: Buffer = Buffer.alloc(32)) =>
    api.query('select inventory.claim_idempotency_key($1, $2)', [key, fingerprint]);
  const remember = (key: string, response: string) =>
    api.query('select inventory.remember_response($1, $2) as answer', [key, response]);

  test('a claimed key is answered with what was remembered, letter by letter', async () => {
    await asOrganization(api, acme, 'read', async () => {
      const key = randomUUID();
      await claim(key);
      const { rows } = await remember(key, '{"b":1,  "a":2}');
      expect(rows).toEqual([{ answer: { b: 1, a: 2 } }]);
      expect(await refusalOf(api, () => claim(key))).toEqual({
        code: 'SK200',
        message: 'this request was answered before',
        detail: { b: 1, a: 2 },
      });
      expect(await refusalOf(api, () => claim(key, Buffer.alloc(32, 1)))).toEqual({
        code: 'SK205',
        message: 'this idempotency key was used for another request',
      });
    });
  });

  test.each<[string, unknown, Buffer, object]>([
    ['an empty key', '', Buffer.alloc(32), { code: '23514', constraint: 'idempotency_keys_key_check' }],
    [
      'a key of 256 characters',
      'x'.repeat(256),
      Buffer.alloc(32),
      { code: '23514', constraint: 'idempotency_keys_key_check' },
    ],
    ['no key', null, Buffer.alloc(32), { code: '23502', column: 'key' }],
    [
      'a fingerprint of 31 bytes',
      'x',
      Buffer.alloc(31),
      { code: '23514', constraint: 'idempotency_keys_fingerprint_check' },
    ],
    [
      'a fingerprint of 33 bytes',
      'x',
      Buffer.alloc(33),
      { code: '23514', constraint: 'idempotency_keys_fingerprint_check' },
    ],
  ])('refuse %s', async (_, key, fingerprint, refused) => {
    await asOrganization(api, acme, 'read', async () => {
      expect(await refusalOf(api, () => claim(key, fingerprint))).toMatchObject(refused);
    });
  });

  test('need an organization that was entered', async () => {
    await api.query('begin');
    expect(await refusalOf(api, () => claim('x'))).toEqual({
      code: 'SK902',
      message: 'no organization was entered in this transaction',
    });
    await api.query('rollback');
  });
});
