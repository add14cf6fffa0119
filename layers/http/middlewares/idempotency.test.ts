import middy from '@middy/core';
import { describe, expect, test, vi } from 'vitest';
import { InvalidInput, Problem } from '#platform/errors.ts';
import type { IdempotencyClaim, Tenant } from '#tenancy/tenant.ts';
import { httpEvent, type SampleRequest } from '#tests/http-event.ts';
import { type Caller, callers } from '../caller.ts';
import { type HttpEvent, type HttpResult, json } from '../event.ts';
import { idempotency } from './idempotency.ts';

const tenant: Tenant = { credentials: { selectors: [] }, scope: 'write' };

/** The chain around a handler, with `caller` resolved before it. */
function chain(
  handle: (event: HttpEvent) => HttpResult,
  { caller = { kind: 'tenant', tenant }, proveAccess = async () => {} }: Partial<Asked> = {},
) {
  const handler = middy<HttpEvent, HttpResult>()
    .before(({ event }) => callers.set(event, caller))
    .use(idempotency({ proveAccess }))
    .handler(async (event) => handle(event));
  return (event: HttpEvent) => handler(event, {} as never);
}

interface Asked {
  readonly caller: Caller;
  readonly proveAccess: (tenant: Tenant) => Promise<void>;
}

const asked = ({ headers, ...rest }: SampleRequest) =>
  httpEvent({
    method: 'POST',
    path: '/v1/items',
    body: '{"a":1}',
    ...rest,
    headers: { 'idempotency-key': 'k', ...headers },
  });

async function claim(request: SampleRequest | HttpEvent): Promise<IdempotencyClaim | undefined> {
  const event = 'requestContext' in request ? request : asked(request);
  await chain(() => json(200, {}))(event);
  const caller = callers.of(event);
  return caller.kind === 'tenant' ? caller.tenant.idempotency : undefined;
}
const fingerprint = async (request: SampleRequest) => (await claim(request))?.fingerprint.toString('hex');

describe('the key', () => {
  test.each(['k', '!', '~', 'order-5001/receipt:"x"', 'x'.repeat(255)])(
    '%s is taken as it is',
    async (key) => {
      expect((await claim({ headers: { 'idempotency-key': key } }))?.key).toBe(key);
    },
  );

  test.each([
    ['nothing', ''],
    ['256 characters', 'x'.repeat(256)],
    ['a blank', 'a b'],
    ['a tabulator', 'a\tb'],
    ['a line break at the end', 'a\n'],
    ['delete', 'a\u007f'],
    ['a letter beyond ASCII', 'é'],
  ])('of %s is refused', async (_, key) => {
    const message = 'must have 1 to 255 visible ASCII characters';
    await expect(claim({ headers: { 'idempotency-key': key } })).rejects.toThrow(
      new InvalidInput('The Idempotency-Key is not usable.', [{ field: 'Idempotency-Key', message }]),
    );
  });

  test('is read of a POST only, also when it could not be used', async () => {
    for (const method of ['GET', 'PATCH', 'DELETE', 'PUT'])
      expect(await claim({ method, headers: { 'idempotency-key': '' } })).toBeUndefined();
  });

  test('need not be there', async () => {
    expect(await claim(httpEvent({ method: 'POST' }))).toBeUndefined();
  });

  test('leaves the rest of the tenant as it was', async () => {
    const event = asked({});
    await chain(() => json(200, {}))(event);
    expect(callers.of(event)).toEqual({
      kind: 'tenant',
      tenant: { ...tenant, idempotency: expect.objectContaining({ key: 'k' }) },
    });
  });

  test.each<Caller>([{ kind: 'public' }, { kind: 'operator', operator: { name: 'x' } }])(
    'is not read of a caller who is no tenant: $kind',
    async (caller) => {
      const event = asked({ headers: { 'idempotency-key': '' } });
      await chain(() => json(200, {}), { caller })(event);
      expect(callers.of(event)).toBe(caller);
    },
  );
});

describe('a wrong key', () => {
  const wrong = () => asked({ headers: { 'idempotency-key': '' } });
  const answer = vi.fn(() => json(200, {}));

  test('is explained to a tenant who has proven access', async () => {
    const proveAccess = vi.fn(async () => {});
    await expect(chain(answer, { proveAccess })(wrong())).rejects.toThrow(InvalidInput);
    expect(proveAccess.mock.calls).toEqual([[tenant]]);
    expect(answer).not.toHaveBeenCalled();
  });

  test('is not explained to one who may not ask', async () => {
    const denial = new Problem('organization_suspended', 403, 'The organization is suspended.');
    const proveAccess = async () => {
      throw denial;
    };
    await expect(chain(answer, { proveAccess })(wrong())).rejects.toBe(denial);
  });

  test('is the only one that costs a proof', async () => {
    const proveAccess = vi.fn(async () => {});
    await chain(answer, { proveAccess })(asked({}));
    expect(proveAccess).not.toHaveBeenCalled();
  });
});

describe('the answer', () => {
  const replayed = (event: HttpEvent) => {
    const caller = callers.of(event);
    if (caller.kind === 'tenant') caller.tenant.idempotency?.onReplay();
    return json(201, {});
  };

  test('says so when it is the stored one of an earlier request, and only then', async () => {
    expect((await chain(replayed)(asked({}))).headers['idempotent-replayed']).toBe('true');
    expect((await chain(() => json(201, {}))(asked({}))).headers).not.toHaveProperty('idempotent-replayed');
  });

  test('of one request says nothing about another at the same time', async () => {
    const send = chain((event) => (event.body === 'old' ? replayed(event) : json(201, {})));
    const answers = await Promise.all(['new', 'old', 'new'].map((body) => send(asked({ body }))));
    expect(answers.map(({ headers }) => headers['idempotent-replayed'])).toEqual([
      undefined,
      'true',
      undefined,
    ]);
  });
});

test('without tenantResolution() before it, the error says what to do', async () => {
  const handler = middy<HttpEvent, HttpResult>()
    .use(idempotency())
    .handler(async () => json(200, {}));
  await expect(handler(asked({}), {} as never)).rejects.toThrow(
    'the caller is not known: put .use(tenantResolution()) into the chain, before what needs it',
  );
});

describe('the fingerprint', () => {
  const usual = 'c7ce462b32c22d36f22d1ad5e217351c4bfe5e131666ebf7af7385b4e9800ebc';

  test('is a SHA-256', async () => {
    expect(await fingerprint({})).toBe(usual);
  });

  test.each<[string, SampleRequest]>([
    ['path', { path: '/v1/locations' }],
    ['path, by its case', { path: '/v1/Items' }],
    ['query', { query: 'a=1' }],
    ['body', { body: '{"a":2}' }],
    ['body, by a blank', { body: '{"a": 1}' }],
    ['body that is not there', { body: undefined }],
    ['path and query that run together', { path: '/v1/ite', query: 'ms' }],
  ])('tells another %s', async (_, request) => {
    expect(await fingerprint(request)).not.toBe(usual);
  });

  test('does not let a part pass for a part of another', async () => {
    const all = [
      { path: '/a', query: 'b', body: 'c' },
      { path: '/ab', query: '', body: 'c' },
      { path: '/a', query: 'bc', body: '' },
      { path: '/a', query: '', body: 'bc' },
    ].map(fingerprint);
    expect(new Set(await Promise.all(all)).size).toBe(4);
  });

  test.each<[string, SampleRequest]>([
    ['the key', { headers: { 'idempotency-key': 'other' } }],
    ['other headers', { headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'x' } }],
    ['the credential', { headers: { 'x-api-key': 'sk_…' } }],
    ['the encoding of the body', { body: Buffer.from('{"a":1}').toString('base64'), isBase64Encoded: true }],
  ])('does not depend on %s', async (_, request) => {
    expect(await fingerprint(request)).toBe(usual);
  });
});
