import { beforeAll, describe, expect, test } from 'vitest';
import { type Caller, openWorld } from '#tests/world.ts';
import {
  expectProblem,
  idempotencyMismatch,
  ownHeaders,
  securityHeaders,
  taken,
  wrongFields,
} from './problem-document.ts';
import { rawRequest } from './raw-request.ts';

const world = openWorld();
let acme: Caller;
let globex: Caller;
let made = 0;
const fresh = () => `N-${++made}`;

beforeAll(async () => {
  [acme, globex] = [await world.createOrganization(), await world.createOrganization()];
});

const post = (path: string, body: unknown, key: string, more: Record<string, string> = {}) =>
  acme.request('POST', path, body, { 'idempotency-key': key, ...more });
const create = (sku: string, key: string, more: object = {}) =>
  post('/v1/items', { sku, name: 'X', ...more }, key);
const isThere = async (sku: string) => (await acme.request('GET', `/v1/items/${sku}`)).status === 200;
const plain = {
  'content-type': 'application/json; charset=utf-8',
  ...securityHeaders,
};

describe('the same request again', () => {
  test('is answered with the first answer, and says so; the first does not', async () => {
    const [sku, key] = [fresh(), fresh()];
    const first = await create(sku, key);
    expect([first.status, ownHeaders(first)]).toEqual([201, plain]);
    await acme.request('PATCH', `/v1/items/${sku}`, { name: 'Changed since' });
    for (let n = 0; n < 2; n += 1) {
      const again = await create(sku, key);
      expect([again.status, again.body]).toEqual([201, first.body]);
      expect(ownHeaders(again)).toEqual({ ...plain, 'idempotent-replayed': 'true' });
      expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
    }
  });

  test('is the same whatever its other headers are, and in whatever case the header is', async () => {
    const [sku, key] = [fresh(), fresh()];
    const body = JSON.stringify({ sku, name: 'é' });
    const send = async (headers: [string, string][]) => {
      const answer = await rawRequest(world.url, 'POST', '/v1/items', headers, body);
      return [answer.status, answer.headers['idempotent-replayed'], answer.body.sku];
    };
    const first: [string, string][] = [
      ['content-type', 'application/json'],
      ['x-api-key', acme.apiKey],
      ['IDEMPOTENCY-KEY', key],
    ];
    expect(await send(first)).toEqual([201, undefined, sku]);
    const bearer: [string, string] = ['Authorization', `Bearer ${acme.apiKey}`];
    const again = [201, 'true', sku];
    expect(await send([bearer, ['idempotency-key', key], ['accept', 'x/y']])).toEqual(again);
    expect(
      await send([bearer, ['Idempotency-Key', key], ['content-type', 'application/vnd.api+json']]),
    ).toEqual(again);
  });

  test('with another key of the organization is the same; one that may not write learns nothing', async () => {
    const [sku, key] = [fresh(), fresh()];
    const first = await create(sku, key);
    const keyOf = async (...scopes: string[]) =>
      (await acme.request('POST', '/v1/api-keys', { name: 'Other', scopes })).body.key;
    const body = { sku, name: 'X' };
    const again = await post('/v1/items', body, key, { 'x-api-key': await keyOf('write') });
    expect([again.status, again.body, again.headers.get('idempotent-replayed')]).toEqual([
      201,
      first.body,
      'true',
    ]);
    const refused = await post('/v1/items', body, key, { 'x-api-key': await keyOf('read') });
    expect([refused.status, refused.body.code]).toEqual([403, 'insufficient_scope']);
  });

  test('of another organization is another request', async () => {
    const [sku, key] = [fresh(), fresh()];
    const first = await create(sku, key);
    const theirs = await globex.request('POST', '/v1/items', { sku, name: 'X' }, { 'idempotency-key': key });
    expect([theirs.status, theirs.headers.get('idempotent-replayed')]).toEqual([201, null]);
    expect(theirs.body.id).not.toBe(first.body.id);
  });

  test('twice at once takes effect once', async () => {
    const [sku, key] = [fresh(), fresh()];
    const answers = await Promise.all(Array.from({ length: 4 }, () => create(sku, key)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.map(({ headers }) => headers.get('idempotent-replayed') ?? 'new').sort()).toEqual([
      'new',
      'true',
      'true',
      'true',
    ]);
  });
});

describe('another request under the key', () => {
  test.each<[string, string, (sku: string) => unknown]>([
    ['another body', '/v1/items', (sku) => ({ sku, name: 'Y' })],
    ['the body in another order', '/v1/items', (sku) => ({ name: 'X', sku })],
    ['the body with a blank', '/v1/items', (sku) => `{"sku":"${sku}", "name":"X"}`],
    ['another path', '/v1/locations', (code) => ({ code, name: 'X' })],
    ['another path, the body the same', '/v1/movements', (sku) => ({ sku, name: 'X' })],
  ])('is refused: %s', async (_, path, body) => {
    const [sku, key] = [fresh(), fresh()];
    const first = await create(sku, key);
    const answer = await post(path, body(sku), key);
    if (path === '/v1/movements') expect(answer.status).toBe(400);
    else expectProblem(answer, idempotencyMismatch);
    expect((await acme.request('GET', `/v1/items/${sku}`)).body).toEqual(first.body);
    expect((await acme.request('GET', `/v1/locations/${sku}`)).status).toBe(404);
    expect((await create(sku, key)).headers.get('idempotent-replayed')).toBe('true');
  });

  test('is not what another method asks: only a POST has a key', async () => {
    const [sku, key] = [fresh(), fresh()];
    await create(sku, key);
    const header = { 'idempotency-key': key };
    for (const name of ['A', 'B']) {
      const { status, body, headers } = await acme.request('PATCH', `/v1/items/${sku}`, { name }, header);
      expect([status, body.name, headers.get('idempotent-replayed')]).toEqual([200, name, null]);
    }
    for (const bad of ['', 'a b', 'x'.repeat(256)])
      expect(
        (await acme.request('GET', `/v1/items/${sku}`, undefined, { 'idempotency-key': bad })).status,
      ).toBe(200);
    expect((await acme.request('DELETE', `/v1/items/${sku}`, undefined, header)).status).toBe(204);
    expect((await create(sku, key)).headers.get('idempotent-replayed')).toBe('true');
    expect(await isThere(sku)).toBe(false);
  });
});

describe('a refused request stores nothing', () => {
  test.each<[string, number, object]>([
    ['wrong in itself', 400, { name: '' }],
    ['taken', 409, { sku: 'TAKEN' }],
  ])('%s: the key is good for another', async (_, status, wrong) => {
    const [sku, key] = [fresh(), fresh()];
    await acme.request('POST', '/v1/items', { sku: 'TAKEN', name: 'X' });
    for (let n = 0; n < 2; n += 1) {
      const refused = await create(sku, key, wrong);
      expect([refused.status, refused.headers.get('idempotent-replayed')]).toEqual([status, null]);
    }
    const other = await create(sku, key);
    expect([other.status, other.headers.get('idempotent-replayed')]).toEqual([201, null]);
  });

  test('and takes effect when what stood in its way is gone', async () => {
    const [sku, key] = [fresh(), fresh()];
    await acme.item(sku);
    expectProblem(await create(sku, key), taken('an item of this SKU'));
    await acme.request('DELETE', `/v1/items/${sku}`);
    expect((await create(sku, key)).status).toBe(201);
  });
});

describe('the key', () => {
  test.each([
    ['one character', '!'],
    ['another', '~'],
    ['255 characters', 'k'.repeat(255)],
  ])('of %s is taken', async (_, key) => {
    const sku = fresh();
    expect((await create(sku, key)).headers.get('idempotent-replayed')).toBeNull();
    expect((await create(sku, key)).headers.get('idempotent-replayed')).toBe('true');
  });

  const unusable = {
    ...wrongFields(['Idempotency-Key', 'must have 1 to 255 visible ASCII characters']),
    detail: 'The Idempotency-Key is not usable.',
  };
  test.each([
    ['nothing', ''],
    ['256 characters', 'k'.repeat(256)],
    ['a blank inside', 'a b'],
    ['a letter beyond ASCII', 'é'],
  ])('of %s is refused, whatever the body', async (_, key) => {
    const sku = fresh();
    expectProblem(await create(sku, key), unusable);
    expectProblem(await post('/v1/items', '{', key), unusable);
    expect(await isThere(sku)).toBe(false);
  });

  test('that is no key is not explained to who may not write', async () => {
    const reader = (await acme.request('POST', '/v1/api-keys', { name: 'R', scopes: ['read'] })).body.key;
    const answer = await post('/v1/items', {}, '', { 'x-api-key': reader });
    expect([answer.status, answer.body.code]).toEqual([403, 'insufficient_scope']);
  });

  test('that is sent twice is one key of both', async () => {
    const [sku, key] = [fresh(), fresh()];
    const send = async (...keys: string[]) => {
      const headers = keys.map((each): [string, string] => ['idempotency-key', each]);
      const own: [string, string][] = [['x-api-key', acme.apiKey], ...headers];
      const body = JSON.stringify({ sku, name: 'X' });
      return (await rawRequest(world.url, 'POST', '/v1/items', own, body)).headers['idempotent-replayed'];
    };
    expect([await send(key, key), await send(`${key},${key}`)]).toEqual([undefined, 'true']);
  });
});
