import { beforeAll, describe, expect, test, vi } from 'vitest';
import { environment } from '#platform/environment.ts';
import { inAdmin } from '#tenancy/admin.ts';
import { listOrganizations } from '#tenancy/organizations.ts';
import { httpEvent, type SampleRequest } from '#tests/http-event.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { operation, operatorOperation, publicOperation } from '../operation.ts';
import { endpoint } from './endpoint.ts';
import { operatorEndpoint } from './operator-endpoint.ts';
import { publicEndpoint } from './public-endpoint.ts';

const forOperators = operatorEndpoint([{ key: 'GET /platform/organizations', scope: 'operator' }], {
  'GET /platform/organizations': operatorOperation({
    handle: async ({ operator }) => ({
      operator: operator.name,
      organizations: await inAdmin(listOrganizations),
    }),
  }),
});

const forTenants = endpoint([{ key: 'GET /v1/mine', scope: 'read' }], {
  'GET /v1/mine': operation({ handle: ({ tenant }) => ({ scope: tenant.scope }) }),
});

const forEverybody = publicEndpoint(
  [
    { key: 'GET /open', scope: 'none' },
    { key: 'GET /slow', scope: 'none' },
    { key: 'POST /slow', scope: 'none' },
  ],
  {
    'GET /slow': publicOperation({ handle: () => new Promise(() => {}) }),
    'POST /slow': publicOperation({ handle: () => new Promise(() => {}) }),
    'GET /open': publicOperation({ handle: (input) => ({ handed: Object.keys(input) }) }),
  },
);

const handlers = {
  'GET /platform/organizations': forOperators,
  'GET /v1/mine': forTenants,
  'GET /v1/nothing': forTenants,
  'GET /open': forEverybody,
  'GET /closed': forEverybody,
};
type Key = keyof typeof handlers;

const world = openWorld();
const arn = 'arn:aws:iam::000000000000:role/operators';
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization('acme');
});

async function send(
  headers: Record<string, string>,
  authorizer?: SampleRequest['authorizer'],
  routeKey: Key = 'GET /platform/organizations',
) {
  const { statusCode, body } = await handlers[routeKey](
    httpEvent({ routeKey, headers, authorizer }),
    {} as never,
  );
  return { status: statusCode, body: JSON.parse(body) };
}

const outcome = async (...request: Parameters<typeof send>) => {
  const { status, body } = await send(...request);
  return `${status} ${body.code ?? body.operator}`;
};

describe('a route of operators', () => {
  test('is for a principal that IAM let through, and for the holder of the operator key', async () => {
    const operatorKey = process.env[environment.operatorKey] ?? '';
    expect(await outcome({}, { iam: { userArn: arn } })).toBe(`200 ${arn}`);
    expect(await outcome({ 'x-operator-key': operatorKey })).toBe('200 operator key');
    expect(await outcome({ authorization: `Bearer ${operatorKey}` })).toBe('200 operator key');
  });

  test('sees every organization: it works as stockade_admin', async () => {
    const { body } = await send({}, { iam: { userArn: arn } });
    expect(body.organizations).toEqual([expect.objectContaining({ slug: 'acme' })]);
  });

  test('refuses every credential of a tenant with 403, and nothing at all with 401', async () => {
    const token = `Bearer ${await world.token('ada@example.com')}`;
    expect(await outcome({ 'x-api-key': acme.apiKey })).toBe('403 operator_required');
    expect(await outcome({ authorization: `Bearer ${acme.apiKey}` })).toBe('403 operator_required');
    expect(await outcome({ authorization: token })).toBe('403 operator_required');
    expect(await outcome({})).toBe('401 unauthenticated');
    expect(await outcome({ 'x-organization': 'acme' })).toBe('401 unauthenticated');
  });

  test('refuses another key, also beside a good credential of a tenant', async () => {
    const wrong = `op_${'0'.repeat(48)}`;
    expect(await outcome({ 'x-operator-key': wrong })).toBe('401 invalid_credentials');
    expect(await outcome({ authorization: `Bearer ${wrong}` })).toBe('401 invalid_credentials');
    expect(await outcome({ 'x-operator-key': wrong, 'x-api-key': acme.apiKey })).toBe(
      '401 invalid_credentials',
    );
  });

  test('takes no key at all where none is configured, as on AWS', async () => {
    const operatorKey = process.env[environment.operatorKey] ?? '';
    vi.stubEnv(environment.operatorKey, undefined);
    for (const key of [operatorKey, 'undefined', 'op_']) {
      expect(await outcome({ 'x-operator-key': key })).toBe('401 invalid_credentials');
    }
    expect(await outcome({}, { iam: { userArn: arn } })).toBe(`200 ${arn}`);
    vi.unstubAllEnvs();
  });

  test('is not opened by an authorizer of another kind', async () => {
    const others: object[] = [
      {},
      { jwt: { claims: { sub: 'x' }, scopes: null } },
      { lambda: { userArn: arn } },
    ];
    for (const authorizer of others) {
      expect(await outcome({}, authorizer)).toBe('401 unauthenticated');
    }
  });
});

describe('a route of tenants', () => {
  test('is not opened by being an operator', async () => {
    const operatorKey = process.env[environment.operatorKey] ?? '';
    const mine = 'GET /v1/mine';
    expect(await outcome({ 'x-operator-key': operatorKey }, undefined, mine)).toBe('401 unauthenticated');
    expect(await outcome({ authorization: `Bearer ${operatorKey}` }, undefined, mine)).toBe(
      '401 invalid_credentials',
    );
    expect(await outcome({}, { iam: { userArn: arn } }, mine)).toBe('401 unauthenticated');
  });
});

test('a public route hands out neither a tenant nor an operator, also to a good credential', async () => {
  const operatorKey = process.env[environment.operatorKey] ?? '';
  const sent: Record<string, string>[] = [
    {},
    { 'x-api-key': acme.apiKey },
    { 'x-api-key': 'x' },
    { 'x-operator-key': operatorKey },
  ];
  for (const headers of sent) {
    expect(await send(headers, { iam: { userArn: arn } }, 'GET /open')).toEqual({
      status: 200,
      body: { handed: ['path', 'query', 'body'] },
    });
  }
});

test('a route that is not of the function is a fault of ours', async () => {
  for (const key of ['GET /v1/nothing', 'GET /closed'] as const)
    expect([key, await outcome({ 'x-api-key': acme.apiKey }, undefined, key)]).toEqual([key, '500 internal']);
});

test('the kind of operation follows from the scope of the route, and the compiler asks for it', () => {
  const ofTenant = operation({ handle: ({ tenant }) => tenant.scope });
  const ofOperator = operatorOperation({ handle: ({ operator }) => operator.name });
  const open = publicOperation({ handle: () => 'open' });
  operatorEndpoint([{ key: 'GET /platform/x', scope: 'operator' }], { 'GET /platform/x': ofOperator });
  endpoint([{ key: 'GET /v1/x', scope: 'read' }], { 'GET /v1/x': ofTenant });
  publicEndpoint([{ key: 'GET /x', scope: 'none' }], { 'GET /x': open });
  // @ts-expect-error an operator's route has no tenant
  operatorEndpoint([{ key: 'GET /platform/x', scope: 'operator' }], { 'GET /platform/x': ofTenant });
  // @ts-expect-error a tenant's route has no operator
  endpoint([{ key: 'GET /v1/x', scope: 'read' }], { 'GET /v1/x': ofOperator });
  // @ts-expect-error a public route has no tenant
  publicEndpoint([{ key: 'GET /x', scope: 'none' }], { 'GET /x': ofTenant });
  // @ts-expect-error a public endpoint has no route of tenants
  publicEndpoint([{ key: 'GET /v1/x', scope: 'read' }], { 'GET /v1/x': ofTenant });
  // @ts-expect-error an endpoint of operators has no open route
  operatorEndpoint([{ key: 'GET /x', scope: 'none' }], { 'GET /x': open });
  // @ts-expect-error an endpoint of tenants has no route of operators
  endpoint([{ key: 'GET /platform/x', scope: 'operator' }], { 'GET /platform/x': ofOperator });
  // @ts-expect-error a tenant's route is not open to anybody
  endpoint([{ key: 'GET /v1/x', scope: 'read' }], { 'GET /v1/x': open });
  // @ts-expect-error an operator's operation has no tenant
  operatorOperation({ handle: ({ tenant }) => tenant });
  // @ts-expect-error a public operation has no tenant
  publicOperation({ handle: ({ tenant }) => tenant });
  // @ts-expect-error every route has an operation
  endpoint([{ key: 'GET /v1/x', scope: 'read' }], {});
});

test.each([
  ['GET', 'timeout', 'The request took too long and was stopped.'],
  ['POST', 'outcome_unknown', expect.stringContaining('it may be stored or not')],
])(
  'a %s that the end of its function stops is a 503 that says when to come back',
  async (method, code, detail) => {
    const context = { getRemainingTimeInMillis: () => 10 };
    const event = httpEvent({ method, path: '/slow', headers: {} });
    const { statusCode, headers, body } = await forEverybody(event, context as never);
    expect([statusCode, headers['retry-after'], JSON.parse(body)]).toEqual([
      503,
      '2',
      expect.objectContaining({ code, detail }),
    ]);
  },
);
