import { beforeAll, describe, expect, test } from 'vitest';
import { routes } from '#functions/routes.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { expectProblem, notFound, wrongFields } from './problem-document.ts';

const world = openWorld();
let acme: Caller;
let globex: Caller;
let reader: string;
let writer: string;

beforeAll(async () => {
  [acme, globex] = [await world.createOrganization(), await world.createOrganization('globex')];
  await acme.item('BOLT');
  const keyOf = async (scope: string) =>
    (await acme.request('POST', '/v1/api-keys', { name: scope, scopes: [scope] })).body.key;
  [reader, writer] = [await keyOf('read'), await keyOf('write')];
});

const lacks = (scope: string) => ({
  status: 403,
  code: 'insufficient_scope',
  detail: `The credential lacks the scope "${scope}": use a key that carries it.`,
});
const challenge = { 'www-authenticate': 'Bearer realm="stockade"' };

describe('what there is not', () => {
  test.each([
    ['GET', '/v1/nowhere'],
    ['GET', '/v1/nowhere?limit=0&x=1'],
    ['POST', '/v1/nowhere'],
    ['GET', '/'],
    ['GET', '/v1'],
    ['GET', '/v1/items/'],
    ['GET', '/v1/items/BOLT/nothing'],
    ['GET', '/V1/items'],
    ['PUT', '/v1/items'],
    ['PATCH', '/v1/items'],
    ['DELETE', '/v1/items'],
    ['POST', '/v1/items/BOLT'],
    ['PUT', '/v1/items/BOLT'],
    ['DELETE', '/v1/organization'],
    ['POST', '/health'],
  ])('%s %s is answered with 404 to every caller', async (method, path) => {
    const body = method === 'GET' ? undefined : 'no JSON';
    const nowhere = notFound('route of that method and path');
    expectProblem(await acme.request(method, path, body), nowhere);
    expectProblem(await world.request(method, path, body, { 'content-type': 'text/plain' }), nowhere);
  });

  test('is the same for what another organization has', async () => {
    await globex.item('THEIRS');
    await globex.location('THEIRS');
    for (const [path, noun] of [
      ['items', 'item'],
      ['locations', 'location'],
    ]) {
      for (const [method, body] of [['GET'], ['PATCH', { name: 'Ours' }], ['DELETE']] as const) {
        const theirs = await acme.request(method, `/v1/${path}/THEIRS`, body);
        expectProblem(theirs, notFound(`${noun} "THEIRS"`));
      }
      const { body } = await globex.request('GET', `/v1/${path}/THEIRS`);
      expect(body.name).toBe('THEIRS');
    }
  });
});

describe('who may not ask', () => {
  test('learns that a credential is missing', async () => {
    const answer = await world.request('GET', '/v1/items');
    const detail =
      'Send an API key ("Authorization: Bearer sk_…" or "x-api-key: sk_…") or a token ("Authorization: Bearer …").';
    expectProblem(answer, { status: 401, code: 'unauthenticated', detail }, challenge);
  });

  test.each([
    ['no key', 'nonsense'],
    ['a key nobody has', `sk_test_${'0'.repeat(12)}_${'0'.repeat(50)}`],
  ])('learns that the credential is not valid: %s', async (_, key) => {
    const answer = await world.request('GET', '/v1/items', undefined, { 'x-api-key': key });
    const detail = 'The credential is not valid.';
    expectProblem(answer, { status: 401, code: 'invalid_credentials', detail }, challenge);
  });

  test('learns that the organization is another', async () => {
    const answer = await acme.request('GET', '/v1/items', undefined, { 'x-organization': 'globex' });
    const detail = 'The credential does not belong to the organization that the request names.';
    expectProblem(answer, { status: 403, code: 'organization_mismatch', detail });
  });

  test('learns that a scope is missing, of every route that needs it, and of no other', async () => {
    const scoped = routes.filter(({ scope }) => scope === 'read' || scope === 'write' || scope === 'admin');
    for (const { method, path, scope } of scoped) {
      const filled = path.replace(/\{\w+\}/g, 'x');
      for (const [carried, key] of [
        ['read', reader],
        ['write', writer],
      ] as const) {
        const body = method === 'POST' || method === 'PATCH' ? 'no JSON' : undefined;
        const answer = await world.request(method, filled, body, { 'x-api-key': key });
        if (scope === carried) expect([path, answer.status]).not.toEqual([path, 403]);
        else expectProblem(answer, lacks(scope));
      }
    }
  });

  test.each([
    ['a wrong body', '/v1/items', { sku: 1 }],
    ['a body that is no JSON', '/v1/items', '{'],
    ['a wrong query', '/v1/items?x=1', {}],
    ['what is taken', '/v1/items', { sku: 'BOLT', name: 'X' }],
  ])('gets that error, and not the one about %s', async (_, path, body) => {
    expectProblem(await world.request('POST', path, body, { 'x-api-key': reader }), lacks('write'));
    const nobody = await world.request('POST', path, body, { 'x-api-key': 'nobody' });
    expect([nobody.status, nobody.body.code]).toEqual([401, 'invalid_credentials']);
  });
});

describe('what is wrong with a request', () => {
  test.each([
    ['GET', '/v1/items/BOLT?x=1'],
    ['GET', '/v1/organization?x=1'],
    ['GET', '/health?x=1'],
    ['DELETE', '/v1/items/BOLT?x=1'],
    ['POST', '/v1/items?x=1'],
  ])('%s %s: a parameter that it does not know', async (method, path) => {
    const body = method === 'POST' ? { sku: 'NEW', name: 'X' } : undefined;
    const stray = wrongFields(['x', 'is not a field here: check its spelling or leave it out']);
    expectProblem(await acme.request(method, path, body), stray);
    expect((await acme.request('GET', '/v1/items/BOLT')).status).toBe(200);
    expectProblem(await acme.request('GET', '/v1/items/NEW'), notFound('item "NEW"'));
  });

  test.each([
    ['limit=%00', 'limit'],
    ['cursor=a%00', 'cursor'],
    ['sku=%00', 'sku'],
  ])('a parameter that cannot be kept: %s', async (query, field) => {
    expectProblem(
      await acme.request('GET', `/v1/movements?${query}`),
      wrongFields([field, 'must not contain NUL or half a surrogate pair']),
    );
  });

  test('a body that is no JSON, with where it ends to be', async () => {
    expectProblem(await acme.request('POST', '/v1/items', '{"sku":"A",}'), {
      status: 400,
      code: 'invalid_input',
      detail: 'The body is not JSON.',
      errors: [{ field: 'body', message: expect.stringContaining('position 11') }],
    });
  });

  test('a body of another type', async () => {
    const answer = await acme.request('POST', '/v1/items', '<x/>', { 'content-type': 'text/xml' });
    expectProblem(answer, {
      status: 415,
      code: 'invalid_input',
      detail: 'The content type is "text/xml": send application/json.',
      errors: [{ field: 'content-type', message: 'must be application/json' }],
    });
  });

  test('metadata that is nested too deep to be read', async () => {
    const deep = (depth: number) =>
      `{"sku":"DEEP","name":"X","metadata":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
    for (const depth of [99, 2_000, 4_000, 100_000]) {
      expectProblem(await acme.request('POST', '/v1/items', deep(depth)), {
        status: 400,
        code: 'invalid_input',
        detail: 'The body is nested too deep.',
        errors: [{ field: 'body', message: 'must be nested at most 100 deep' }],
      });
    }
    for (const depth of [32, 98])
      expectProblem(
        await acme.request('POST', '/v1/items', deep(depth)),
        wrongFields(['metadata', 'must be nested at most 32 deep']),
      );
    expect((await acme.request('POST', '/v1/items', deep(31))).status).toBe(201);
  });

  test('a request above six megabytes', async () => {
    const answer = await acme.request('POST', '/v1/items', { sku: 'BIG', name: 'x'.repeat(6_300_000) });
    const requestId = answer.headers.get('apigw-requestid');
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([413, requestId]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body).toEqual({
      type: 'about:blank',
      title: 'Payload Too Large',
      status: 413,
      code: 'payload_too_large',
      detail:
        'The request is larger than the 6291456 bytes a function can be given, ' +
        'headers and encoding included: send less at a time.',
      requestId,
    });
  });

  test.each([
    ['since', '2026-01-01T00:00:00+16:00', 'must have an offset of less than 16 hours'],
    ['until', '2026-01-01T00:00:00-23:59', 'must have an offset of less than 16 hours'],
    ['since', `2026-01-01T00:00:00.${'1'.repeat(200)}Z`, 'must have at most nine decimals'],
    ['until', '1899-12-31T23:59:59Z', 'must not be before the year 1900'],
  ])('an instant that no database reads: %s', async (field, value, message) => {
    const query = `${field}=${encodeURIComponent(value)}`;
    expectProblem(await acme.request('GET', `/v1/movements?${query}`), wrongFields([field, message]));
  });
});
