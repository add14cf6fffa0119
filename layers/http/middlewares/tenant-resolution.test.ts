import middy from '@middy/core';
import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import { Problem, Unavailable } from '#platform/errors.ts';
import { createApiKey, type Scope } from '#tenancy/credentials/api-keys.ts';
import { httpEvent, type SampleRequest } from '#tests/http-event.ts';
import { type Caller, callers, type EndpointRoute } from '../caller.ts';
import { type HttpEvent, type HttpMiddleware, type HttpResult, json } from '../event.ts';
import { type TenantResolutionOptions, tenantResolution } from './tenant-resolution.ts';

const routes: readonly EndpointRoute<Scope>[] = [
  { key: 'GET /v1/items', scope: 'read' },
  { key: 'POST /v1/items', scope: 'write' },
];
const items = { path: '/v1/items' };

const { key, keyId, secretDigest } = createApiKey('test');
const apiKey = { 'x-api-key': key };
const presented = { kind: 'key', keyId, secretDigest };

/** The error of the database for a credential of another organization than the request names. */
const mismatch = Object.assign(new Error('SQL'), { severity: 'ERROR', code: 'SK102' });

function chain(
  handle: () => HttpResult = () => json(200, {}),
  options: Partial<TenantResolutionOptions> = {},
) {
  const reportMismatch = vi.fn(async () => {});
  const settings = vi.fn(() => ({ keyEnvironment: 'test', baseDomain: 'example.com', tokens: undefined }));
  const handler = middy<HttpEvent, HttpResult>()
    .use(tenantResolution({ routes, settings, reportMismatch, ...options }))
    .handler(async () => handle());
  return {
    reportMismatch,
    settings,
    send: (event: HttpEvent) => handler(event, {} as never),
    async callerOf(request: SampleRequest): Promise<Caller> {
      const event = httpEvent(request);
      await handler(event, {} as never);
      return callers.of(event);
    },
    async refusalOf(request: SampleRequest): Promise<string> {
      const error: unknown = await handler(httpEvent(request), {} as never).catch((error: unknown) => error);
      return error instanceof Problem ? `${error.status} ${error.code}` : String(error);
    },
  };
}

describe('a route of tenants', () => {
  test('has the credentials of the request, with the scope of the route', async () => {
    const { callerOf } = chain();
    expect(await callerOf({ ...items, headers: apiKey })).toEqual({
      kind: 'tenant',
      tenant: { credentials: { key: presented, user: undefined, selectors: ['api'] }, scope: 'read' },
    });
    expect(
      await callerOf({ ...items, method: 'POST', headers: { ...apiKey, 'x-organization': 'acme' } }),
    ).toEqual({
      kind: 'tenant',
      tenant: {
        credentials: { key: presented, user: undefined, selectors: ['acme', 'api'] },
        scope: 'write',
      },
    });
  });

  test('refuses a request without a good credential before the handler runs', async () => {
    const handle = vi.fn(() => json(200, {}));
    const { refusalOf, reportMismatch } = chain(handle);
    expect(await refusalOf(items)).toBe('401 unauthenticated');
    expect(await refusalOf({ ...items, headers: { 'x-organization': 'acme' } })).toBe('401 unauthenticated');
    expect(await refusalOf({ ...items, headers: { 'x-api-key': 'sk_nonsense' } })).toBe(
      '401 invalid_credentials',
    );
    // No tokens are accepted without settings for them.
    expect(await refusalOf({ ...items, headers: { authorization: 'Bearer a.b.c' } })).toBe(
      '401 invalid_credentials',
    );
    expect(await refusalOf({ ...items, headers: { 'x-operator-key': 'op_1' } })).toBe('401 unauthenticated');
    expect(handle).not.toHaveBeenCalled();
    expect(reportMismatch).not.toHaveBeenCalled();
  });

  test('takes the settings at every request: one that is missing is a failure of the request', async () => {
    const settings = () => {
      throw new Error('STOCKADE_KEY_ENVIRONMENT is not set');
    };
    expect(await chain(undefined, { settings }).refusalOf({ ...items, headers: apiKey })).toBe(
      'Error: STOCKADE_KEY_ENVIRONMENT is not set',
    );
  });
});

describe('a credential that is refused for the organization named', () => {
  const refuse = (error: unknown) => () => {
    throw error;
  };
  const event = httpEvent({ ...items, headers: apiKey, requestId: 'r-1' });

  test('is reported with its request, and then refused', async () => {
    const { send, reportMismatch } = chain(refuse(mismatch));
    await expect(send(event)).rejects.toBe(mismatch);
    expect(reportMismatch.mock.calls).toEqual([
      [
        { key: presented, user: undefined, selectors: ['api'] },
        { requestId: 'r-1', route: 'GET /v1/items' },
      ],
    ]);
  });

  test('is reported before the answer is made', async () => {
    const order: string[] = [];
    const handler = middy<HttpEvent, HttpResult>()
      .onError((request) => {
        order.push('answer');
        request.response = json(403, {});
      })
      .use(
        tenantResolution({
          routes,
          settings: () => ({ keyEnvironment: 'test', baseDomain: undefined, tokens: undefined }),
          reportMismatch: async () => {
            await Promise.resolve();
            order.push('report');
          },
        }),
      )
      .handler(refuse(mismatch));
    await handler(httpEvent({ ...items, headers: apiKey }), {} as never);
    expect(order).toEqual(['report', 'answer']);
  });

  test.each<[string, unknown]>([
    ['another refusal', Object.assign(new Error('SQL'), { severity: 'ERROR', code: 'SK103' })],
    ['a fault of ours', new Error('x')],
    ['a database that cannot be reached', new Unavailable('Later.')],
  ])('%s is not reported', async (_, error) => {
    const { send, reportMismatch } = chain(refuse(error));
    await expect(send(httpEvent({ ...items, headers: apiKey }))).rejects.toBe(error);
    expect(reportMismatch).not.toHaveBeenCalled();
  });
});

test('a route that is not of the function is a fault of ours, which names the routes that are', async () => {
  const { refusalOf } = chain();
  expect(await refusalOf({ path: '/v1/nothing', headers: apiKey })).toBe(
    'UnknownRoute: the route "GET /v1/nothing" is not one of this function, which has ' +
      'GET /v1/items, POST /v1/items: compare functions/routes.ts with what is deployed',
  );
});

test('the compiler asks for the routes, and knows who a caller can be', () => {
  expectTypeOf(tenantResolution)
    .parameter(0)
    .toHaveProperty('routes')
    .toEqualTypeOf<readonly EndpointRoute<Scope>[]>();
  expectTypeOf(tenantResolution).returns.toEqualTypeOf<HttpMiddleware>();
  expectTypeOf<Caller['kind']>().toEqualTypeOf<'public' | 'operator' | 'tenant'>();
  // @ts-expect-error a caller has a tenant only where its kind says so
  expectTypeOf<Caller['tenant']>();
  // @ts-expect-error routes are needed
  void (() => tenantResolution({}));
  // @ts-expect-error a scope is one of the route table's
  void (() => tenantResolution({ routes: [{ key: 'GET /x', scope: 'everybody' }] }));
});
