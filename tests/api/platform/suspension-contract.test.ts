import { beforeAll, describe, expect, test } from 'vitest';
import { type Caller, openWorld } from '#tests/world.ts';
import { expectProblem, type Refusal } from '../problem-document.ts';
import { notValid, wrongField } from '../refusals.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization('acme');
});

const operate = (slug: string, what: 'suspend' | 'resume', body?: unknown) =>
  world.operator.request('POST', `/platform/organizations/${slug}/${what}`, body);
const wrongSlug = wrongField(
  'slug',
  'must be lower-case letters, digits and hyphens, at most 63, and no UUID, such as acme or acme-2',
);
const notFound: Refusal = {
  status: 404,
  code: 'not_found',
  detail: 'There is no organization "nobody".',
};

test('suspending answers the organization with the instant and the reason, resuming without both', async () => {
  const { id, slug, request, apiKey } = await world.createOrganization();
  const { createdAt } = (await request('GET', '/v1/organization')).body;
  const { status, body } = await operate(slug, 'suspend', { reason: 'Overdue' });
  expect([status, body]).toEqual([
    200,
    {
      id,
      slug,
      name: slug,
      status: 'suspended',
      createdAt,
      suspendedAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      suspensionReason: 'Overdue',
      maxConcurrency: 12,
    },
  ]);
  expectProblem(await request('GET', '/v1/organization'), {
    status: 403,
    code: 'organization_suspended',
    detail: 'The organization is suspended.',
  });
  // A bad key of a suspended organization is a bad key.
  expectProblem(
    await world.request('GET', '/v1/organization', undefined, { 'x-api-key': `${apiKey}x` }),
    notValid,
  );
  const resumed = await operate(slug, 'resume');
  expect([resumed.status, resumed.body]).toEqual([
    200,
    { ...body, status: 'active', suspendedAt: null, suspensionReason: null },
  ]);
  expect((await request('GET', '/v1/organization')).status).toBe(200);
});

describe('a reason', () => {
  test.each(['x', 'ä'.repeat(500)])('has one to five hundred characters: %s', async (reason) => {
    const { slug } = await world.createOrganization();
    expect((await operate(slug, 'suspend', { reason })).body.suspensionReason).toBe(reason);
  });

  test('may be left out, also with the body', async () => {
    for (const body of [undefined, {}]) {
      const { slug } = await world.createOrganization();
      const answer = await operate(slug, 'suspend', body);
      expect([answer.status, answer.body.status, answer.body.suspensionReason]).toEqual([
        200,
        'suspended',
        null,
      ]);
    }
  });

  test.each<[string, unknown, string, string]>([
    ['empty', { reason: '' }, 'reason', 'must not be empty'],
    ['too long', { reason: 'x'.repeat(501) }, 'reason', 'must have at most 500 characters'],
    ['no text', { reason: 5 }, 'reason', 'must be a string'],
    ['null', { reason: null }, 'reason', 'must be a string'],
    ['misspelt', { why: 'x' }, 'why', 'is not a field here: check its spelling or leave it out'],
  ])('is refused when it is %s, and nobody is suspended', async (_, body, field, message) => {
    expectProblem(await operate('acme', 'suspend', body), wrongField(field, message));
    expect((await acme.request('GET', '/v1/organization')).status).toBe(200);
  });
});

test.each(['suspend', 'resume'] as const)('%s is refused of nobody and of what is no slug', async (what) => {
  expectProblem(await operate('nobody', what), notFound);
  expectProblem(await operate('NOBODY', what), wrongSlug);
  expectProblem(await operate(acme.id, what), wrongSlug);
});

describe('a caller who is not an operator', () => {
  const routes: [method: string, path: string, body?: object][] = [
    ['POST', '/platform/organizations', { slug: 'intruder', name: 'Intruder' }],
    ['GET', '/platform/organizations', undefined],
    ['POST', '/platform/organizations/acme/suspend', {}],
    ['POST', '/platform/organizations/acme/resume', undefined],
    ['GET', '/platform/backups', undefined],
    ['GET', '/platform/drills', undefined],
  ];

  test.each(routes)('is refused %s %s, with the reason', async (method, path, body) => {
    expectProblem(await acme.request(method, path, body), {
      status: 403,
      code: 'operator_required',
      detail:
        'Only operators of the platform may call this route: a credential of an organization does not open it.',
    });
    expectProblem(await world.request(method, path, body), {
      status: 401,
      code: 'unauthenticated',
      detail: 'Sign the request with AWS credentials; on a local platform, send "x-operator-key".',
    });
    const wrong = { 'x-operator-key': `op_${'0'.repeat(48)}`, 'x-api-key': acme.apiKey };
    expectProblem(await world.request(method, path, body, wrong), notValid);
    const { rows } = await (await world.superuser()).query(
      `select slug from tenancy.organizations where slug = 'intruder' or slug = 'acme' and status <> 'active'`,
    );
    expect(rows).toEqual([]);
  });
});
