import { beforeAll, describe, expect, test } from 'vitest';
import { type Caller, openWorld } from '#tests/world.ts';
import { rawRequest } from './raw-request.ts';

const world = openWorld();
let acme: Caller;
let made = 0;

beforeAll(async () => {
  acme = await world.createOrganization('acme');
  await world.join('ada@example.com', acme, 'admin');
});

type Headers = readonly (readonly [string, string])[];
const key = (name = 'x-api-key', value = acme.apiKey): [string, string] => [name, value];
const json = (name = 'content-type', value = 'application/json'): [string, string] => [name, value];
const get = (path: string, ...headers: Headers) => rawRequest(world.url, 'GET', path, headers);

/** Creates an item with a new SKU, and returns the answer. */
async function create(headers: Headers, encode: (body: string) => string | Uint8Array = (body) => body) {
  const sku = `S-${++made}`;
  const answer = await rawRequest(
    world.url,
    'POST',
    '/v1/items',
    headers,
    encode(JSON.stringify({ sku, name: 'é😀' })),
  );
  const isThere = (await acme.request('GET', `/v1/items/${sku}`)).status === 200;
  return { status: answer.status, isThere, said: answer.body.name ?? answer.body.detail };
}
const done = { status: 201, isThere: true, said: 'é😀' };

describe('a credential', () => {
  test.each<[string, () => [string, string] | Promise<[string, string]>]>([
    ['as X-API-KEY', () => key('X-API-KEY')],
    ['as X-Api-Key', () => key('X-Api-Key')],
    ['with blanks around it', () => key('x-api-key', ` ${acme.apiKey} `)],
    ['as AUTHORIZATION: bearer', () => key('AUTHORIZATION', `bearer ${acme.apiKey}`)],
    ['as Authorization: BEARER', () => key('Authorization', `BEARER ${acme.apiKey}`)],
    ['as Authorization: Bearer, blanks between', () => key('Authorization', `Bearer   ${acme.apiKey}`)],
    ['that is a token', async () => key('AUTHORIZATION', `bEARER ${await world.token('ada@example.com')}`)],
  ])('%s is taken', async (_, header) => {
    const { status, body } = await get('/v1/organization', await header());
    expect([status, body.slug]).toEqual([200, 'acme']);
  });

  test.each<[string, () => Headers]>([
    ['twice in one header', () => [key(), key('X-API-Key')]],
    ['beside another in one header', () => [key(), key('x-api-key', 'sk_test_x')]],
    ['with Bearer where none belongs', () => [key('x-api-key', `Bearer ${acme.apiKey}`)]],
    ['without a blank behind Bearer', () => [key('authorization', `Bearer${acme.apiKey}`)]],
    ['with the name of no scheme', () => [key('authorization', acme.apiKey)]],
    ['and one more word', () => [key('authorization', `Bearer ${acme.apiKey} x`)]],
    ['with its case changed', () => [key('x-api-key', acme.apiKey.toUpperCase())]],
    ['beside one that is none', () => [key(), key('authorization', 'Bearer nobody')]],
  ])('%s is refused', async (_, headers) => {
    const { status, body } = await get('/v1/organization', ...headers());
    expect([status, body.code]).toEqual([401, 'invalid_credentials']);
  });

  test('in two headers is taken, when it is the same', async () => {
    const { status } = await get('/v1/organization', key(), key('authorization', `Bearer ${acme.apiKey}`));
    expect(status).toBe(200);
  });
});

describe('a selector', () => {
  test.each([
    ['X-ORGANIZATION', 'acme', 200],
    ['x-organization', ' acme ', 200],
    ['X-Organization', 'Acme', 403],
    ['x-organization', '', 403],
  ])('%s: "%s" is answered with %d', async (name, value, status) => {
    expect((await get('/v1/organization', key(), [name, value])).status).toBe(status);
  });

  test('that is sent twice names nobody, not even when it is the same', async () => {
    const names = ['x-organization', 'X-Organization'] as const;
    const twice = names.map((name): [string, string] => [name, 'acme']);
    const { status, body } = await get('/v1/organization', key(), ...twice);
    expect([status, body.code]).toEqual([403, 'organization_mismatch']);
  });
});

describe('a body', () => {
  test.each<[string, Headers]>([
    [
      'as Content-Type: APPLICATION/JSON; charset=UTF-8',
      [json('Content-Type', 'APPLICATION/JSON; charset=UTF-8')],
    ],
    ['as CONTENT-TYPE: application/json', [json('CONTENT-TYPE')]],
    ['as application/json;charset=utf-8', [json('content-type', 'application/json;charset=utf-8')]],
    // What follows reaches the function as base64: API Gateway knows none of it as text.
    ['as application/vnd.api+json', [json('content-type', 'application/vnd.api+json')]],
    ['of no type at all', []],
  ])('%s is read, byte for byte', async (_, headers) => {
    expect(await create([key(), ...headers])).toEqual(done);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream', 'text/json', ''])(
    'as "%s" is refused, and does nothing',
    async (type) => {
      const said = `The content type is "${type}": send application/json.`;
      expect(await create([key(), json('content-type', type)])).toEqual({
        status: 415,
        isThere: false,
        said,
      });
    },
  );

  test('whose type is said twice is refused', async () => {
    const said = 'The content type is "application/json,application/json": send application/json.';
    expect(await create([key(), json(), json('Content-Type')])).toEqual({
      status: 415,
      isThere: false,
      said,
    });
  });

  test.each<[string, Headers]>([
    ['as JSON', [json()]],
    ['of no type', []],
  ])('that is not UTF-8 is refused, %s', async (_, headers) => {
    const latin1 = (body: string) => Buffer.from(body.replace('😀', ''), 'latin1');
    const refused = { status: 400, isThere: false, said: 'The body is not UTF-8.' };
    expect(await create([key(), ...headers], latin1)).toEqual(refused);
  });

  test.each([
    ['null', 'body', 'Invalid input: expected object, received null'],
    ['[]', 'body', 'Invalid input: expected object, received array'],
    ['"{}"', 'body', 'Invalid input: expected object, received string'],
    ['1', 'body', 'Invalid input: expected object, received number'],
    ['', 'body', 'must not be empty'],
    [' \n', 'body', 'must not be empty'],
  ])('of %j is refused', async (body, field, message) => {
    for (const [method, path] of [
      ['POST', '/v1/items'],
      ['POST', '/v1/locations'],
      ['PATCH', '/v1/items/X'],
    ] as const) {
      const answer = await rawRequest(world.url, method, path, [key(), json()], body);
      expect([answer.status, answer.body.errors]).toEqual([400, [{ field, message }]]);
    }
  });

  test('is not looked at where none is taken', async () => {
    const sku = `S-${++made}`;
    await acme.item(sku);
    const strange = [key(), json('content-type', 'text/plain')];
    expect((await rawRequest(world.url, 'GET', `/v1/items/${sku}`, strange, '{')).status).toBe(200);
    expect((await rawRequest(world.url, 'DELETE', `/v1/items/${sku}`, strange, '{')).status).toBe(204);
  });
});

describe('an answer', () => {
  test('has an id of its own, whatever the caller calls the request', async () => {
    const ids = [];
    for (const path of ['/health', '/v1/organization', '/v1/nowhere', '/v1/items?limit=0', '/docs']) {
      const { headers } = await get(path, key(), ['x-request-id', 'mine'], ['X-Request-Id', 'mine too']);
      expect([path, headers['x-request-id']]).toEqual([path, headers['apigw-requestid']]);
      ids.push(headers['x-request-id']);
    }
    expect(new Set(ids).size).toBe(5);
    expect(ids).not.toContain('mine');
  });

  test.each([
    ['GET', '/health', 200, { status: 'ok' }],
    ['GET', '/ready', 200, { status: 'ready' }],
  ])('to %s %s is the same for everybody, and not kept', async (method, path, status, body) => {
    const answer = await rawRequest(world.url, method, path, []);
    expect([answer.status, answer.body]).toEqual([status, body]);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
  });

  test('to GET /v1/organization is the organization of the key, whole', async () => {
    const { status, body, headers } = await get('/v1/organization', key());
    expect([status, body]).toEqual([
      200,
      {
        id: acme.id,
        slug: 'acme',
        name: 'acme',
        status: 'active',
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
    ]);
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
  });
});
