import { beforeAll, describe, expect, test } from 'vitest';
import { slugPattern } from '#tenancy/organizations.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { expectProblem } from '../problem-document.ts';
import { cursorOf, notValid, wrongCursor, wrongField } from '../refusals.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization('acme');
});

const operate = (method: string, path: string, body?: unknown) => world.operator.request(method, path, body);
const create = (body: unknown) => operate('POST', '/platform/organizations', body);
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const unknownField = 'is not a field here: check its spelling or leave it out';
const wrongSlug =
  'must be lower-case letters, digits and hyphens, at most 63, and no UUID, such as acme or acme-2';

const goodSlugs = [
  'a',
  '0',
  'a-b',
  'a--b',
  'a'.repeat(63),
  `a${'-'.repeat(61)}z`,
  '01a208c5-25db-796e-8b1e-25606060606',
  '01a208c5-25db-796e-8b1e-2560606060600',
  '01a208c525db796e8b1e256060606060',
  'g1a208c5-25db-796e-8b1e-256060606060',
];
const badSlugs = [
  '',
  'A',
  '-a',
  'a-',
  '-',
  'a.b',
  'a_b',
  'a b',
  'ä',
  'a\n',
  'a'.repeat(64),
  '01a208c5-25db-796e-8b1e-256060606060',
];

describe('GET /v1/organization', () => {
  test('answers the organization that asks, whole', async () => {
    const { status, body } = await acme.request('GET', '/v1/organization');
    expect([status, body]).toEqual([
      200,
      { id: acme.id, slug: 'acme', name: 'acme', status: 'active', createdAt: instant },
    ]);
    const superuser = await world.superuser();
    const { rows } = await superuser.query('select created_at from tenancy.organizations where id = $1', [
      acme.id,
    ]);
    expect(body.createdAt).toBe(rows[0].created_at.toISOString());
  });

  test('takes no query', async () => {
    expectProblem(await acme.request('GET', '/v1/organization?x=1'), wrongField('x', unknownField));
  });

  test('refuses callers without permission, each with its reason', async () => {
    const ask = (headers: Record<string, string>) =>
      world.request('GET', '/v1/organization', undefined, headers);
    expectProblem(await ask({}), {
      status: 401,
      code: 'unauthenticated',
      detail:
        'Send an API key ("Authorization: Bearer sk_…" or "x-api-key: sk_…") or a token ("Authorization: Bearer …").',
    });
    expectProblem(await ask({ 'x-api-key': 'garbage' }), notValid);
    expectProblem(await ask({ 'x-api-key': acme.apiKey, 'x-organization': 'other' }), {
      status: 403,
      code: 'organization_mismatch',
      detail: 'The credential does not belong to the organization that the request names.',
    });
    const email = 'several@example.com';
    for (const organization of [acme, await world.createOrganization()])
      await world.join(email, organization);
    expectProblem(await ask({ authorization: `Bearer ${await world.token(email)}` }), {
      status: 400,
      code: 'organization_required',
      detail: 'You are a member of several organizations: name one of them in the header x-organization.',
    });
  });
});

describe('POST /platform/organizations', () => {
  test('answers the organization and its first key, which has every scope and never expires', async () => {
    const { status, body } = await create({ slug: 'initech', name: 'Initech' });
    expect([status, body]).toEqual([
      201,
      {
        id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        slug: 'initech',
        name: 'Initech',
        apiKey: expect.stringMatching(/^sk_test_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/),
        looksLike: [],
      },
    ]);
    const keys = await world.request('GET', '/v1/api-keys', undefined, { 'x-api-key': body.apiKey });
    expect(keys.body.data).toEqual([
      {
        id: body.apiKey.split('_')[2],
        name: 'First key',
        scopes: ['read', 'write', 'admin'],
        createdAt: instant,
        expiresAt: null,
        revokedAt: null,
        lastUsedAt: keys.body.data[0].lastUsedAt,
        replacedBy: null,
      },
    ]);
  });

  test('is refused of a slug that is taken, and changes nothing', async () => {
    expectProblem(await create({ slug: 'acme', name: 'Another' }), {
      status: 409,
      code: 'already_exists',
      detail: 'There is already an organization "acme": choose another slug.',
    });
    expect((await acme.request('GET', '/v1/organization')).body).toMatchObject({ id: acme.id, name: 'acme' });
  });

  test.each<[string, unknown, string, string]>([
    ['no slug', { name: 'X' }, 'slug', 'is missing'],
    ['a slug that is no text', { slug: 5, name: 'X' }, 'slug', 'must be a string'],
    ['no name', { slug: 'x' }, 'name', 'is missing'],
    ['a name that is no text', { slug: 'x', name: 5 }, 'name', 'must be a string'],
    ['an empty name', { slug: 'x', name: '' }, 'name', 'must not be empty'],
    ['a name of 201', { slug: 'x', name: 'x'.repeat(201) }, 'name', 'must have at most 200 characters'],
    ['another field', { slug: 'x', name: 'X', id: 'x' }, 'id', unknownField],
  ])('is refused with %s', async (_, body, field, message) => {
    expectProblem(await create(body), wrongField(field, message));
  });

  test.each([['x'], ['ä'.repeat(200)]])('takes a name of the shortest and the longest: %s', async (name) => {
    const slug = `name-${name.length}`;
    const { status, body } = await create({ slug, name });
    expect([status, body.slug, body.name]).toEqual([201, slug, name]);
  });
});

describe('a slug', () => {
  test.each(goodSlugs)('may be %s, for the API and for the database', async (slug) => {
    expect(slugPattern.test(slug)).toBe(true);
    expect((await create({ slug, name: 'X' })).status).toBe(201);
  });

  test.each(badSlugs)('may not be %j, neither for the API nor for the database', async (slug) => {
    expectProblem(await create({ slug, name: 'X' }), wrongField('slug', wrongSlug));
    const admin = await world.connect('stockade_admin');
    const inserted = admin.query(`insert into tenancy.organizations (slug, name) values ($1, 'X')`, [slug]);
    await expect(inserted).rejects.toMatchObject({ code: '23514' });
  });
});

describe('GET /platform/organizations', () => {
  const list = (query: string) => operate('GET', `/platform/organizations${query}`);

  test('shows every organization whole, by slug, page by page', async () => {
    const superuser = await world.superuser();
    const { rows } = await superuser.query('select id, slug, name from tenancy.organizations order by slug');
    const seen: unknown[] = [];
    let next: string | null = '';
    while (next !== null) {
      const { body }: { body: { data: { slug: string }[]; nextCursor: string | null } } = await list(
        `?limit=2${next && `&cursor=${next}`}`,
      );
      seen.push(...body.data);
      next = body.nextCursor;
      if (next !== null) expect(next).toBe(cursorOf(body.data[1]?.slug));
    }
    expect(seen).toEqual(
      rows.map((row) => ({
        ...row,
        status: 'active',
        createdAt: instant,
        suspendedAt: null,
        suspensionReason: null,
        maxConcurrency: 12,
      })),
    );
    expect((await list(`?limit=${rows.length}`)).body.nextCursor).toBeNull();
  });

  test.each([
    ['limit=0', wrongField('limit', 'must be at least 1')],
    ['limit=201', wrongField('limit', 'must be at most 200')],
    [`cursor=${cursorOf('Not A Slug')}`, wrongCursor],
    [`cursor=${cursorOf('a', 'b')}`, wrongCursor],
    ['status=active', wrongField('status', unknownField)],
  ])('refuses ?%s', async (query, refusal) => {
    expectProblem(await list(`?${query}`), refusal);
  });
});
