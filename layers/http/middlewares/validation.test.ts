import middy from '@middy/core';
import { beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import * as z from 'zod';
import { InvalidInput, Problem } from '#platform/errors.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { httpEvent, type SampleRequest } from '#tests/http-event.ts';
import { type Caller, callers } from '../caller.ts';
import type { HttpEvent, HttpMiddleware, HttpResult } from '../event.ts';
import { type Operation, operation, operatorOperation, publicOperation } from '../operation.ts';
import type { ProveAccess } from './access-first.ts';
import { type ValidationOptions, validation, validRequests } from './validation.ts';

const tenant: Tenant = { credentials: { selectors: [] }, scope: 'write' };
const body = z.strictObject({ name: z.string({ error: 'must be a string' }) });
const handled = vi.fn(() => ({ done: true }));
const proveAccess = vi.fn<ProveAccess>(async () => {});

beforeEach(() => {
  handled.mockClear();
  proveAccess.mockReset();
});

const operations: Readonly<Record<string, Operation>> = {
  'POST /v1/items': operation({ body, handle: handled }),
  'POST /platform/organizations': operatorOperation({ body, handle: handled }),
  'POST /open': publicOperation({ body, handle: handled }),
};

async function send(
  request: SampleRequest,
  caller: Caller = { kind: 'tenant', tenant },
): Promise<HttpResult> {
  const handler = middy<HttpEvent, HttpResult>()
    .before(({ event }) => callers.set(event, caller))
    .use(validation({ operations, proveAccess }))
    .handler((event) => validRequests.of(event).run(callers.of(event)));
  return await handler(httpEvent({ method: 'POST', ...request }), {} as never);
}

const right = { path: '/v1/items', body: '{"name":"Bolt"}' };
const wrong = { path: '/v1/items', body: '{"name":5}' };

test('a right request runs, and asks the database nothing beforehand', async () => {
  expect(await send(right)).toMatchObject({ statusCode: 200, body: '{"done":true}' });
  expect(handled.mock.calls).toEqual([[{ path: {}, query: {}, body: { name: 'Bolt' }, tenant }]]);
  expect(proveAccess).not.toHaveBeenCalled();
});

describe('a wrong request', () => {
  test('is explained to a tenant who has proven access, and does not run', async () => {
    await expect(send(wrong)).rejects.toMatchObject({
      status: 400,
      options: { errors: [{ field: 'name', message: 'must be a string' }] },
    });
    expect(proveAccess.mock.calls).toEqual([[tenant]]);
    expect(handled).not.toHaveBeenCalled();
  });

  test('is not explained to one who may not ask', async () => {
    const denial = new Problem('insufficient_scope', 403, 'No.');
    proveAccess.mockRejectedValue(denial);
    await expect(send(wrong)).rejects.toBe(denial);
  });

  test.each<[string, Caller]>([
    ['/platform/organizations', { kind: 'operator', operator: { name: 'x' } }],
    ['/open', { kind: 'public' }],
  ])('of %s is explained at once', async (path, caller) => {
    await expect(send({ ...wrong, path }, caller)).rejects.toThrow(InvalidInput);
    expect(proveAccess).not.toHaveBeenCalled();
  });
});

test('a chain that cannot prove access explains nothing to a tenant', async () => {
  const handler = middy<HttpEvent, HttpResult>()
    .before(({ event }) => callers.set(event, { kind: 'tenant', tenant }))
    .use(validation({ operations }))
    .handler((event) => validRequests.of(event).run(callers.of(event)));
  await expect(handler(httpEvent({ method: 'POST', ...wrong }), {} as never)).rejects.toThrow(
    'a tenant sent wrong input to a chain without tenants: give validation() a `proveAccess`',
  );
});

test('a route without an operation is a fault of ours', async () => {
  await expect(send({ path: '/v1/other' })).rejects.toThrow(
    'the route "POST /v1/other" has no operation: give endpoint() one for every route',
  );
  // Every object has a constructor, but that is not an operation.
  await expect(send({ routeKey: 'constructor' })).rejects.toThrow('the route "constructor" has no operation');
});

test('without tenantResolution() before it, the error says what to do', async () => {
  const handler = middy<HttpEvent, HttpResult>()
    .use(validation({ operations }))
    .handler((event) => validRequests.of(event).run({ kind: 'public' }));
  await expect(handler(httpEvent({ method: 'POST', ...right }), {} as never)).rejects.toThrow(
    'the caller is not known: put .use(tenantResolution()) into the chain',
  );
});

test('without it, a handler that needs the valid request says so', async () => {
  const handler = middy<HttpEvent, HttpResult>().handler((event) =>
    validRequests.of(event).run({ kind: 'public' }),
  );
  await expect(async () => await handler(httpEvent(), {} as never)).rejects.toThrow(
    'the valid request is not known: put .use(validation()) into the chain, before what needs it',
  );
});

test('the compiler asks for the operations', () => {
  expectTypeOf<ValidationOptions['operations']>().toEqualTypeOf<Readonly<Record<string, Operation>>>();
  expectTypeOf(validation).returns.toEqualTypeOf<HttpMiddleware>();
  // @ts-expect-error operations are needed
  void (() => validation({}));
  // @ts-expect-error a handler alone is no operation
  void (() => validation({ operations: { 'GET /x': { handle: handled } } }));
});
