import { beforeAll, describe, expect, test } from 'vitest';
import { expectProblem } from '../problem-document.ts';
import { cursorOf, lacksScope, noSuchObject, notValid, wrongCursor, wrongField } from '../refusals.ts';
import { idOf, type MadeKey, openKeyWorld } from './key-requests.ts';

const world = openKeyWorld();
const create = (body: unknown) => world.acme.request('POST', '/v1/api-keys', body);
const rotate = (id: string, body?: unknown) =>
  world.acme.request('POST', `/v1/api-keys/${id}/rotation`, body);
const millisecondsBetween = (one: string, other: string) => Date.parse(other) - Date.parse(one);

describe('a new key', () => {
  test.each<[string, { name: string; scopes: string[]; expiresAt?: string }]>([
    ['a name of one character', { name: 'x', scopes: ['read'] }],
    ['a name of two hundred characters', { name: 'ä'.repeat(200), scopes: ['write'] }],
    ['every scope, in the order they are given', { name: ' ', scopes: ['write', 'admin', 'read'] }],
    ['two scopes', { name: 'Two', scopes: ['read', 'admin'] }],
    ['the last instant', { name: 'Late', scopes: ['admin'], expiresAt: '9999-12-31T23:59:59.999Z' }],
  ])('is answered whole with %s, and listed the same', async (_, body) => {
    const { status, body: made, headers } = await create(body);
    const { key, ...shown } = made;
    expect(status).toBe(201);
    expect(headers.get('idempotent-replayed')).toBeNull();
    expect(shown).toEqual({
      id: idOf(key),
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
      replacedBy: null,
      ...body,
    });
    expect(key).toMatch(/^sk_test_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
    expect(Math.abs(Date.parse(shown.createdAt) - Date.now())).toBeLessThan(60_000);
    expect(await world.listed(shown.id)).toEqual(shown);
  });

  const scopes = ['read'];
  test.each<[string, unknown, string, string]>([
    ['no name', { scopes }, 'name', 'is missing'],
    ['a name that is no text', { name: 5, scopes }, 'name', 'must be a string'],
    ['an empty name', { name: '', scopes }, 'name', 'must not be empty'],
    ['a name of 201', { name: 'x'.repeat(201), scopes }, 'name', 'must have at most 200 characters'],
    ['no scopes', { name: 'X' }, 'scopes', 'is missing'],
    ['scopes that are no list', { name: 'X', scopes: true }, 'scopes', 'must be a list of scopes'],
    ['an empty list', { name: 'X', scopes: [] }, 'scopes', 'must have at least one scope'],
    ['a scope twice', { name: 'X', scopes: ['read', 'read'] }, 'scopes', 'must not name a scope twice'],
    [
      'an unknown scope',
      { name: 'X', scopes: ['read', 'root'] },
      'scopes[1]',
      'must be one of "read", "write", "admin"',
    ],
    [
      'a past expiry',
      { name: 'X', scopes, expiresAt: '2020-01-01T00:00:00Z' },
      'expiresAt',
      'must be in the future',
    ],
    [
      'an unknown field',
      { name: 'X', scopes, id: 'aaaaaaaaaaaa' },
      'id',
      'is not a field here: check its spelling or leave it out',
    ],
  ])('is refused with %s, the field and the reason named', async (_, body, field, message) => {
    expectProblem(await create(body), wrongField(field, message));
  });

  test('is refused with several faults, each named', async () => {
    expectProblem(await create({ name: '', scopes: [] }), {
      status: 400,
      code: 'invalid_input',
      detail: '2 fields of the request are wrong.',
      errors: [
        { field: 'name', message: 'must not be empty' },
        { field: 'scopes', message: 'must have at least one scope' },
      ],
    });
  });
});

describe('a rotation', () => {
  test('answers the new key whole; the old one is listed with its end and its successor', async () => {
    const old = await world.createKey({ name: 'Scale', scopes: ['write', 'read'] });
    const before = await world.listed(old.id);
    const { status, body } = await rotate(old.id, { overlapSeconds: 3_600 });
    const { key, ...shown } = body;
    expect(status).toBe(201);
    expect(shown).toEqual({
      id: idOf(key),
      name: 'Scale',
      scopes: ['write', 'read'],
      createdAt: expect.stringMatching(/Z$/),
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
      replacedBy: null,
    });
    expect(shown.id).not.toBe(old.id);
    expect(await world.listed(shown.id)).toEqual(shown);
    const after = await world.listed(old.id);
    expect(after).toEqual({ ...before, expiresAt: after.expiresAt, replacedBy: shown.id });
  });

  test.each([
    ['a day when nothing is said', undefined, 86_400],
    ['a day when the body says nothing', {}, 86_400],
    ['as long as is said', { overlapSeconds: 1 }, 1],
    ['thirty days at most', { overlapSeconds: 2_592_000 }, 2_592_000],
    ['not at all', { overlapSeconds: 0 }, 0],
  ])('lets the old key live %s', async (_, body, seconds) => {
    const old = await world.createKey();
    const made = (await rotate(old.id, body)).body;
    const { expiresAt } = await world.listed(old.id);
    // The instant of the creation is rounded to a millisecond, that of the end is cut.
    const over = millisecondsBetween(made.createdAt, expiresAt) - seconds * 1000;
    expect([0, -1]).toContain(over);
  });

  test('never lets a key live longer than it would have', async () => {
    const old = await world.createKey();
    await world.root.query(
      `update tenancy.api_keys set expires_at = now() + interval '1 hour' where key_id = $1`,
      [old.id],
    );
    const { expiresAt } = await world.listed(old.id);
    const { body } = await rotate(old.id, { overlapSeconds: 86_400 });
    expect((await world.listed(old.id)).expiresAt).toBe(expiresAt);
    const life = millisecondsBetween(body.createdAt, body.expiresAt);
    expect(life).toBeGreaterThan(3_600_000 - 2);
    expect(life).toBeLessThan(3_600_000 + 60_000);
  });

  test('is refused of a key that no longer works, with the reason', async () => {
    const refused = (message: string) => ({
      status: 422,
      code: 'invalid_input',
      detail: 'The request refers to something that does not exist or does not fit. See "errors".',
      errors: [{ field: 'id', message }],
    });
    const [revoked, expired, rotated] = [
      await world.createKey(),
      await world.createKey(),
      await world.createKey(),
    ];
    await world.acme.request('DELETE', `/v1/api-keys/${revoked.id}`);
    await world.root.query('update tenancy.api_keys set expires_at = now() where key_id = $1', [expired.id]);
    const { id: successor } = (await rotate(rotated.id, { overlapSeconds: 0 })).body;
    expectProblem(await rotate(revoked.id), refused('is revoked: create a new key'));
    expectProblem(await rotate(expired.id), refused('has expired: create a new key'));
    // Its successor is what matters, though it has expired and is revoked as well.
    await world.acme.request('DELETE', `/v1/api-keys/${rotated.id}`);
    const message = `was rotated already: rotate or revoke ${successor}, which replaces it`;
    expectProblem(await rotate(rotated.id), refused(message));
  });

  test('is refused of a key that is not of this organization, and of what is no id', async () => {
    expectProblem(await rotate(idOf(world.globex.apiKey)), noSuchObject);
    expectProblem(await rotate('AAAAAAAAAAAA'), noSuchObject);
    for (const id of ['AAAAAAAAAAA', 'AAAAAAAAAAAAA', 'AAAAAAAAAAA-'])
      expectProblem(await rotate(id), wrongField('id', 'must be the id of a key: twelve letters and digits'));
    const unknown = wrongField('overlap', 'is not a field here: check its spelling or leave it out');
    expectProblem(await rotate('AAAAAAAAAAAA', { overlap: 1 }), unknown);
  });
});

describe('revoking', () => {
  test('answers nothing, and the key is listed with the instant it ended', async () => {
    const { id, key } = await world.createKey({ scopes: ['read'] });
    const before = await world.listed(id);
    const answer = await world.acme.request('DELETE', `/v1/api-keys/${id}`);
    expect([answer.status, answer.body, answer.headers.get('content-type')]).toEqual([204, undefined, null]);
    const after = await world.listed(id);
    expect(after).toEqual({ ...before, revokedAt: after.revokedAt });
    expect(Math.abs(Date.parse(after.revokedAt) - Date.now())).toBeLessThan(60_000);
    expectProblem(await world.ask(key), notValid);
  });

  test('is refused of what is no key here', async () => {
    const revoke = (id: string) => world.acme.request('DELETE', `/v1/api-keys/${id}`);
    expectProblem(await revoke(idOf(world.globex.apiKey)), noSuchObject);
    expectProblem(
      await revoke('short'),
      wrongField('id', 'must be the id of a key: twelve letters and digits'),
    );
  });
});

describe('the list', () => {
  let organization: Awaited<ReturnType<typeof world.createOrganization>>;
  let ids: string[];
  const list = (query: string) => organization.request('GET', `/v1/api-keys${query}`);
  const shownIds = (data: readonly MadeKey[]) => data.map(({ id }) => id);

  beforeAll(async () => {
    organization = await world.createOrganization();
    const made = [idOf(organization.apiKey)];
    for (const name of ['A', 'B', 'C']) made.push((await world.createKey({ name }, organization)).id);
    // All of one instant: then their ids decide.
    await world.root.query(
      `update tenancy.api_keys k set created_at = '2030-01-01' from tenancy.organizations o
       where o.id = k.org_id and o.slug = $1`,
      [organization.slug],
    );
    ids = made.sort().reverse();
  });

  test('is in one order, also of keys of one instant, and a page ends where the next begins', async () => {
    const seen: string[] = [];
    let cursor = '';
    for (const _ of ids) {
      const { body } = await list(`?limit=1${cursor}`);
      seen.push(...shownIds(body.data));
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect([seen, cursor]).toEqual([ids, '&cursor=null']);
  });

  test('has no next page when the last key is shown, and says where to go on when one is left', async () => {
    const whole = await list('?limit=4');
    expect([shownIds(whole.body.data), whole.body.nextCursor]).toEqual([ids, null]);
    const part = await list('?limit=3');
    const next = cursorOf('2030-01-01T00:00:00.000Z', ids[2]);
    expect([shownIds(part.body.data), part.body.nextCursor]).toEqual([ids.slice(0, 3), next]);
    const rest = await list(`?limit=200&cursor=${next}`);
    expect([shownIds(rest.body.data), rest.body.nextCursor]).toEqual([ids.slice(3), null]);
  });

  test.each([
    ['limit=0', wrongField('limit', 'must be at least 1')],
    ['limit=201', wrongField('limit', 'must be at most 200')],
    ['limit=-1', wrongField('limit', 'must be a whole number')],
    ['x=1', wrongField('x', 'is not a field here: check its spelling or leave it out')],
    [`cursor=${cursorOf('2030-01-01T00:00:00.000Z')}`, wrongCursor],
    [`cursor=${cursorOf('2030-01-01T00:00:00Z', 'AAAAAAAAAAAA')}`, wrongCursor],
    [`cursor=${cursorOf('2030-01-01T00:00:00.000Z', 'AAAAAAAAAAA')}`, wrongCursor],
    [`cursor=${cursorOf('2030-01-01T00:00:00.000Z', 'AAAAAAAAAAAAA')}`, wrongCursor],
    [`cursor=${cursorOf('2030-01-01T00:00:00.000Z', 'AAAAAAAAAAAA', 'x')}`, wrongCursor],
    ['cursor=', wrongCursor],
  ])('refuses ?%s', async (query, refusal) => {
    expectProblem(await list(`?${query}`), refusal);
  });
});

describe('keys are for admins', () => {
  test.each([
    ['POST', '/v1/api-keys', { name: 'X', scopes: ['read'] }],
    ['GET', '/v1/api-keys', undefined],
    ['DELETE', '/v1/api-keys/AAAAAAAAAAAA', undefined],
    ['POST', '/v1/api-keys/AAAAAAAAAAAA/rotation', {}],
  ])('%s %s', async (method, path, body) => {
    const { key } = await world.createKey({ scopes: ['read', 'write'] });
    expectProblem(await world.ask(key, method, path, body), lacksScope('admin'));
    expectProblem(await world.ask(null, method, path, body, { 'x-api-key': `${key}x` }), notValid);
  });

  test.each(['read', 'write'])('who lacks %s grants it to nobody', async (lacked) => {
    const all = ['read', 'write', 'admin'];
    const { key } = await world.createKey({ scopes: all.filter((scope) => scope !== lacked) });
    const old = await world.createKey({ scopes: [lacked] });
    const body = { name: 'X', scopes: [...all.filter((scope) => scope !== lacked), lacked] };
    expectProblem(await world.ask(key, 'POST', '/v1/api-keys', body), lacksScope(lacked));
    expectProblem(await world.ask(key, 'POST', `/v1/api-keys/${old.id}/rotation`, {}), lacksScope(lacked));
    expect((await world.listed(old.id)).replacedBy).toBeNull();
    expect(
      (await world.ask(key, 'POST', '/v1/api-keys', { ...body, scopes: body.scopes.slice(0, 2) })).status,
    ).toBe(201);
  });
});
