import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import * as z from 'zod';
import { InvalidInput } from '#platform/errors.ts';
import type { Operator } from '#tenancy/credentials/operator.ts';
import type { Tenant } from '#tenancy/tenant.ts';
import { httpEvent, type SampleRequest } from '#tests/http-event.ts';
import type { Caller } from './caller.ts';
import {
  type Operation,
  type OperationFor,
  operation,
  operatorOperation,
  publicOperation,
} from './operation.ts';

const tenant: Tenant = { credentials: { selectors: [] }, scope: 'read' };
const asTenant: Caller = { kind: 'tenant', tenant };
const operator: Operator = { name: 'x' };
const asOperator: Caller = { kind: 'operator', operator };
const anybody: Caller = { kind: 'public' };

const path = z.object({ id: z.string().regex(/^\d+$/, 'must be a number').transform(Number) });
const query = z.strictObject({ limit: z.string().default('50') });
const body = z.strictObject({ name: z.string() });

/** The input that an operation hands to its handler. */
async function inputOf(schemas: object, request: SampleRequest): Promise<unknown> {
  const handle = vi.fn(() => ({}));
  await operation({ ...schemas, handle })
    .read(httpEvent(request))
    .run(asTenant);
  return handle.mock.calls;
}

function refusalOf(schemas: object, request: SampleRequest): unknown {
  try {
    return operation({ ...schemas, handle: () => 1 }).read(httpEvent(request));
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return [error.status, error.options.errors?.map(({ field }) => field)];
  }
}

describe('the input', () => {
  test('is what the schemas make of path, query and body, with the caller beside it', async () => {
    const request = { pathParameters: { id: '7' }, body: '{"name":"Bolt"}' };
    expect(await inputOf({ path, query, body }, request)).toEqual([
      [{ path: { id: 7 }, query: { limit: '50' }, body: { name: 'Bolt' }, tenant }],
    ]);
  });

  test('without schemas is empty, and a body is not read', async () => {
    expect(await inputOf({}, { body: 'not JSON', headers: { 'content-type': 'text/plain' } })).toEqual([
      [{ path: {}, query: {}, body: undefined, tenant }],
    ]);
  });

  test('may lack a body where its schema allows that, and only then', async () => {
    expect(await inputOf({ body: body.default({ name: 'x' }) }, {})).toEqual([
      [expect.objectContaining({ body: { name: 'x' } })],
    ]);
    expect(refusalOf({ body }, {})).toEqual([400, ['body']]);
  });

  test.each<[string, object, SampleRequest, unknown]>([
    ['a wrong path', { path }, { pathParameters: { id: 'x' } }, [400, ['id']]],
    ['a query without a schema', {}, { queryStringParameters: { a: '1' } }, [400, ['a']]],
    ['NUL in a path', { path }, { pathParameters: { id: '\0' } }, [400, ['id']]],
    ['half a pair in a query', {}, { queryStringParameters: { a: '\ud800' } }, [400, ['a']]],
    ['a wrong body', { body }, { body: '{}' }, [400, ['name']]],
    [
      'another type',
      { body },
      { body: '{}', headers: { 'content-type': 'text/plain' } },
      [415, ['content-type']],
    ],
  ])('%s is refused', (_, schemas, request, refusal) => {
    expect(refusalOf(schemas, request)).toEqual(refusal);
  });

  test('is checked in one order: path, query, body; only the first that is wrong is explained', () => {
    const wrong = {
      pathParameters: { id: 'x' },
      queryStringParameters: { stray: '1' },
      body: '{',
    };
    expect(refusalOf({ path, query, body }, wrong)).toEqual([400, ['id']]);
    expect(refusalOf({ path, query, body }, { ...wrong, pathParameters: { id: '1' } })).toEqual([
      400,
      ['stray'],
    ]);
    expect(refusalOf({ path, query, body }, { pathParameters: { id: '1' }, body: '{' })).toEqual([
      400,
      ['body'],
    ]);
  });

  test.each(['stray', '__proto__', 'constructor'])(
    'has no unknown field in its query, such as %s',
    (name) => {
      const query = JSON.parse(`{"${name}": "1"}`);
      expect(refusalOf({}, { queryStringParameters: query })).toEqual([400, [name]]);
    },
  );
});

describe('the answer', () => {
  const answerOf = async (read: Operation, caller = asTenant) => await read.read(httpEvent()).run(caller);

  test('has the status of its operation, 200 unless named, or the one that follows from it', async () => {
    const answers = [
      operation({ handle: () => ({ a: 1 }) }),
      operation({ status: 201, handle: async () => ({ a: 1 }) }),
      operation({ status: ({ a }) => 200 + a, handle: async () => ({ a: 2 }) }),
    ].map(async (each) => (await answerOf(each)).statusCode);
    expect(await Promise.all(answers)).toEqual([200, 201, 202]);
  });

  test('of nothing is 204', async () => {
    expect(await answerOf(operation({ status: 201, handle: async () => {} }))).toMatchObject({
      statusCode: 204,
      body: '',
    });
    expect(await answerOf(operation({ handle: () => null }))).toMatchObject({
      statusCode: 200,
      body: 'null',
    });
  });

  test('is the error of the handler, thrown at once or later', async () => {
    const atOnce = operation({
      handle: () => {
        throw new Error('mine');
      },
    });
    const later = operation({ handle: () => Promise.reject(new Error('mine')) });
    for (const failing of [atOnce, later]) await expect(answerOf(failing)).rejects.toThrow('mine');
  });
});

describe('the document about an operation', () => {
  test('has its schemas, and its status when that is always the same', () => {
    const fixed = operation({ path, status: 201, handle: () => 1 });
    expect([fixed.schemas, fixed.status]).toEqual([{ path }, 201]);
    expect(operation({ handle: () => 1 }).status).toBe(200);
    expect(operation({ status: () => 200, handle: () => 1 }).status).toBeUndefined();
  });
});

describe('a caller of another kind', () => {
  const kinds = [
    operation({ handle: ({ tenant }) => tenant }),
    operatorOperation({ handle: ({ operator }) => operator }),
    publicOperation({ handle: () => 'open' }),
  ];
  const right = [asTenant, asOperator, anybody];

  test.each(kinds)('is refused: $kind', async (each) => {
    for (const caller of right) {
      const answer = each.read(httpEvent()).run(caller);
      if (caller.kind === each.kind) expect((await answer).statusCode).toBe(200);
      else
        await expect(answer).rejects.toThrow(
          `an operation of kind "${each.kind}" was called for a caller of kind "${caller.kind}"`,
        );
    }
  });
});

test('the compiler knows what a handler gets: what its schemas answer, and its caller', () => {
  operation({
    path,
    body,
    handle: (input) => {
      expectTypeOf(input.path).toEqualTypeOf<{ id: number }>();
      expectTypeOf(input.body).toEqualTypeOf<{ name: string }>();
      expectTypeOf(input.query).toBeUnknown();
      expectTypeOf(input.tenant).toEqualTypeOf<Tenant>();
      expectTypeOf(input).not.toHaveProperty('operator');
      return 1;
    },
  });
  operatorOperation({
    handle: (input) => {
      expectTypeOf(input.operator).toEqualTypeOf<Operator>();
      expectTypeOf(input).not.toHaveProperty('tenant');
    },
  });
  publicOperation({
    query,
    handle: (input) => {
      expectTypeOf(input.query).toEqualTypeOf<{ limit: string }>();
      expectTypeOf(input).not.toHaveProperty('tenant');
      expectTypeOf(input).not.toHaveProperty('operator');
    },
  });
  operation({
    status: (answer) => {
      expectTypeOf(answer).toEqualTypeOf<{ a: number }>();
      return 200;
    },
    handle: async () => ({ a: 1 }),
  });
  // @ts-expect-error a misspelt schema
  operation({ boddy: body, handle: () => 1 });
  // @ts-expect-error a status is a number
  operation({ status: '201', handle: () => 1 });
});

test('the scope of a route says which kind of operation it needs', () => {
  expectTypeOf<OperationFor<'none'>>().toEqualTypeOf<Operation<'public'>>();
  expectTypeOf<OperationFor<'operator'>>().toEqualTypeOf<Operation<'operator'>>();
  expectTypeOf<OperationFor<'read' | 'write' | 'admin'>>().toEqualTypeOf<Operation<'tenant'>>();
});
