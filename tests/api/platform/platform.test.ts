import { beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Caller, openWorld } from '#tests/world.ts';
import { holdLock } from '../held-lock.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization('acme');
  await acme.item('BOLT');
  await acme.location('MAIN');
});

const operator = (method: string, path: string, body?: unknown) => world.operator.request(method, path, body);
const outcome = ({ status, body }: Answer) => (status < 300 ? status : [status, body.code]);

describe('organizations', () => {
  test('are created with a first key, which the API takes at once', async () => {
    const { status, body } = await operator('POST', '/platform/organizations', {
      slug: 'initech',
      name: 'Initech',
    });
    expect(status).toBe(201);
    expect(Object.keys(body)).toEqual(['id', 'slug', 'name', 'apiKey', 'looksLike']);
    const shown = await world.request('GET', '/v1/organization', undefined, { 'x-api-key': body.apiKey });
    expect(shown.body).toMatchObject({ id: body.id, slug: 'initech', name: 'Initech', status: 'active' });
    const again = await operator('POST', '/platform/organizations', { slug: 'initech', name: 'Another' });
    expect(outcome(again)).toEqual([409, 'already_exists']);
  });

  test('that look like others are created, and the answer names the others', async () => {
    const looksLike = async (slug: string) =>
      (await operator('POST', '/platform/organizations', { slug, name: 'X' })).body.looksLike;
    expect([await looksLike('modem-1'), await looksLike('modern-l'), await looksLike('m0dem-1')]).toEqual([
      [],
      ['modem-1'],
      ['modem-1', 'modern-l'],
    ]);
  });

  test.each([
    ['a slug in upper case', { slug: 'Acme', name: 'X' }, 'slug'],
    ['a slug that is no DNS label', { slug: '-x', name: 'X' }, 'slug'],
    ['a slug that may be an id', { slug: '01a208c5-25db-796e-8b1e-256060606060', name: 'X' }, 'slug'],
    ['no name', { slug: 'x' }, 'name'],
    ['a long name', { slug: 'x', name: 'x'.repeat(201) }, 'name'],
    ['a misspelt field', { slug: 'x', name: 'x', plan: 'gold' }, 'plan'],
  ])('%s is refused, the field named', async (_, body, field) => {
    const answer = await operator('POST', '/platform/organizations', body);
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([400, field]);
  });

  test('have no slug that is an id, in any spelling', async () => {
    const admin = await world.connect('stockade_admin');
    const taken = admin.query(`insert into tenancy.organizations (slug, name) values ($1, 'X')`, [acme.id]);
    await expect(taken).rejects.toMatchObject({ code: '23514' });
  });

  test('are listed by slug, in parts', async () => {
    for (const slug of ['list-a', 'list-b', 'list-c']) await world.createOrganization(slug);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
      const { body }: Answer = await operator('GET', `/platform/organizations?limit=2${query}`);
      seen.push(...body.data.map(({ slug }: { slug: string }) => slug));
      cursor = body.nextCursor;
    } while (cursor);
    expect(seen).toEqual([...seen].sort());
    expect(seen).toEqual(expect.arrayContaining(['acme', 'list-a', 'list-b', 'list-c']));
  });
});

describe('suspension', () => {
  const suspend = (slug: string, body?: object) =>
    operator('POST', `/platform/organizations/${slug}/suspend`, body);
  const resume = (slug: string) => operator('POST', `/platform/organizations/${slug}/resume`);

  test('refuses every later request, on warm connections and ten at once; requests in progress finish', async () => {
    const warm = await Promise.all(Array.from({ length: 10 }, () => acme.request('GET', '/v1/items')));
    expect(warm.map(outcome)).toEqual(Array(10).fill(200));

    const lock = await holdLock(world.adminUrl, 'lock table inventory.items in share row exclusive mode');
    const underWay = Array.from({ length: 7 }, (_, n) =>
      acme.request('POST', '/v1/items', { sku: `FLIGHT-${n}`, name: 'In flight' }),
    );
    try {
      await lock.waiting(7);
      expect(outcome(await suspend('acme'))).toBe(200);
      const afterwards = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          n % 2 === 0
            ? acme.request('GET', '/v1/items')
            : acme.request('POST', '/v1/movements', {
                kind: 'receipt',
                lines: [{ sku: 'BOLT', location: 'MAIN', quantity: 1 }],
              }),
        ),
      );
      expect(afterwards.map(outcome)).toEqual(Array(10).fill([403, 'organization_suspended']));
    } finally {
      await lock.release();
    }
    expect((await Promise.all(underWay)).map(outcome)).toEqual(Array(7).fill(201));

    expect(outcome(await resume('acme'))).toBe(200);
    expect(await acme.onHand('BOLT')).toBe(0);
  });

  test('keeps its time and its reason however often it is asked for, and forgets both when it ends', async () => {
    const { slug, request } = await world.createOrganization();
    const first = (await suspend(slug, { reason: 'Invoice 1001 is overdue' })).body;
    expect(first).toMatchObject({ slug, status: 'suspended', suspensionReason: 'Invoice 1001 is overdue' });
    expect(Math.abs(Date.parse(first.suspendedAt) - Date.now())).toBeLessThan(60_000);
    expect((await suspend(slug)).body).toEqual(first);
    expect((await suspend(slug, {})).body).toEqual(first);
    const other = { ...first, suspensionReason: 'It was paid by mistake' };
    expect((await suspend(slug, { reason: other.suspensionReason })).body).toEqual(other);
    // A suspended organization does not learn the reason.
    const refused = await request('GET', '/v1/organization');
    expect([outcome(refused), JSON.stringify(refused.body)]).toEqual([
      [403, 'organization_suspended'],
      expect.not.stringContaining('mistake'),
    ]);
    const works = { ...first, status: 'active', suspendedAt: null, suspensionReason: null };
    expect((await resume(slug)).body).toEqual(works);
    expect((await resume(slug)).body).toEqual(works);
    expect(outcome(await request('GET', '/v1/organization'))).toBe(200);
  });

  test('of one organization leaves the others alone', async () => {
    const { slug } = await world.createOrganization();
    await suspend(slug);
    expect(outcome(await acme.request('GET', '/v1/items'))).toBe(200);
  });

  test.each([
    ['an organization that is not there', 'nobody', undefined, [404, 'not_found']],
    ['what can be no slug', 'No%20Slug', undefined, [400, 'invalid_input']],
    ['a reason that is too long', 'acme', { reason: 'x'.repeat(501) }, [400, 'invalid_input']],
    ['an empty reason', 'acme', { reason: '' }, [400, 'invalid_input']],
    ['a misspelt field', 'acme', { why: 'x' }, [400, 'invalid_input']],
  ])('%s is refused', async (_, slug, body, expected) => {
    expect(outcome(await suspend(slug, body))).toEqual(expected);
    expect(outcome(await acme.request('GET', '/v1/items'))).toBe(200);
  });
});

describe('operators only', () => {
  const routes: [method: string, path: string, body?: object][] = [
    ['POST', '/platform/organizations', { slug: 'intruder', name: 'Intruder' }],
    ['GET', '/platform/organizations', undefined],
    ['POST', '/platform/organizations/acme/suspend', {}],
    ['POST', '/platform/organizations/acme/resume', undefined],
  ];

  test.each(routes)("%s %s: a tenant's key gets 403, whatever it carries", async (method, path, body) => {
    expect(outcome(await acme.request(method, path, body))).toEqual([403, 'operator_required']);
    expect(outcome(await acme.request('GET', '/v1/items'))).toBe(200);
  });

  test("an operator's key opens no organization", async () => {
    expect(outcome(await world.operator.request('GET', '/v1/items'))).toEqual([401, 'unauthenticated']);
    expect(
      outcome(await world.operator.request('GET', '/v1/items', undefined, { 'x-organization': 'acme' })),
    ).toEqual([401, 'unauthenticated']);
  });
});
