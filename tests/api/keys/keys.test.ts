import { describe, expect, test } from 'vitest';
import type { Answer } from '#tests/world.ts';
import { holdLock } from '../held-lock.ts';
import { idOf, type MadeKey, openKeyWorld, outcome } from './key-requests.ts';

const world = openKeyWorld();

describe('create', () => {
  test('shows the key once: afterwards only what it is called and may do', async () => {
    const created = await world.acme.request('POST', '/v1/api-keys', {
      name: 'Café till',
      scopes: ['read', 'write'],
      expiresAt: '2099-01-01T00:00:00+01:00',
    });
    expect(created.status).toBe(201);
    const { key, ...shown } = created.body;
    expect(shown).toEqual({
      id: idOf(key),
      name: 'Café till',
      scopes: ['read', 'write'],
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      expiresAt: '2098-12-31T23:00:00.000Z',
      revokedAt: null,
      lastUsedAt: null,
      replacedBy: null,
    });
    expect(await world.listed(shown.id)).toEqual(shown);
    expect(outcome(await world.ask(key))).toBe(200);
  });

  test('a key does what its scopes say and nothing else', async () => {
    const { key: reader } = await world.createKey({ scopes: ['read'] });
    const { key: writer } = await world.createKey({ scopes: ['write'] });
    const { key: admin } = await world.createKey({ scopes: ['admin'] });
    const refused = [403, 'insufficient_scope'];
    const item = { sku: 'NUT', name: 'Nut' };
    expect(outcome(await world.ask(reader))).toBe(200);
    expect(outcome(await world.ask(writer))).toEqual(refused);
    expect(outcome(await world.ask(reader, 'POST', '/v1/items', item))).toEqual(refused);
    expect(outcome(await world.ask(writer, 'POST', '/v1/items', item))).toBe(201);
    expect(outcome(await world.ask(admin, 'POST', '/v1/items', item))).toEqual(refused);
    for (const [method, path, body] of [
      ['POST', '/v1/api-keys', { name: 'X', scopes: ['read'] }],
      ['GET', '/v1/api-keys'],
      ['DELETE', `/v1/api-keys/${idOf(reader ?? '')}`],
      ['POST', `/v1/api-keys/${idOf(reader ?? '')}/rotation`, {}],
      ['GET', '/v1/users'],
    ] as const) {
      for (const key of [reader, writer]) {
        expect([path, outcome(await world.ask(key, method, path, body))]).toEqual([path, refused]);
      }
    }
    expect(outcome(await world.ask(admin, 'GET', '/v1/api-keys'))).toBe(200);
  });

  test('nobody grants a scope they lack, neither to a new key nor by rotation', async () => {
    const { key: admin } = await world.createKey({ scopes: ['admin'] });
    const { id: writer } = await world.createKey({ scopes: ['read', 'write'] });
    const list = async () =>
      (await world.acme.request('GET', '/v1/api-keys?limit=200')).body.data.map(({ id }: MadeKey) => id);
    const before = await list();
    for (const [path, body] of [
      ['/v1/api-keys', { name: 'More', scopes: ['admin', 'read'] }],
      [`/v1/api-keys/${writer}/rotation`, {}],
    ] as const) {
      const answer = await world.ask(admin, 'POST', path, body);
      expect([answer.status, answer.body.code]).toEqual([403, 'insufficient_scope']);
      expect(answer.body.detail).toContain('"read"');
    }
    expect(await list()).toEqual(before);
    expect(
      outcome(await world.ask(admin, 'POST', '/v1/api-keys', { name: 'As much', scopes: ['admin'] })),
    ).toBe(201);
  });

  test.each([
    ['no name', { scopes: ['read'] }, 'name'],
    ['an empty name', { name: '', scopes: ['read'] }, 'name'],
    ['a long name', { name: 'x'.repeat(201), scopes: ['read'] }, 'name'],
    ['no scopes', { name: 'X', scopes: [] }, 'scopes'],
    ['an unknown scope', { name: 'X', scopes: ['root'] }, 'scopes[0]'],
    ['a scope twice', { name: 'X', scopes: ['read', 'read'] }, 'scopes'],
    [
      'an expiry in the past',
      { name: 'X', scopes: ['read'], expiresAt: '2020-01-01T00:00:00Z' },
      'expiresAt',
    ],
    [
      'an expiry without offset',
      { name: 'X', scopes: ['read'], expiresAt: '2099-01-01T00:00:00' },
      'expiresAt',
    ],
    ['a misspelt field', { name: 'X', scopes: ['read'], expires: '90d' }, 'expires'],
  ])('%s is refused, the field named', async (_, body, field) => {
    const answer = await world.acme.request('POST', '/v1/api-keys', body);
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([400, field]);
  });
});

describe('list', () => {
  test('is paged, the newest first, and shows the keys of one organization only', async () => {
    const organization = await world.createOrganization();
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1) made.push((await world.createKey({ name: `Key ${n}` }, organization)).id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
      const { body }: Answer = await organization.request('GET', `/v1/api-keys?limit=2${query}`);
      seen.push(...body.data.map(({ id }: MadeKey) => id));
      cursor = body.nextCursor;
    } while (cursor);
    expect(seen).toEqual([...made.reverse(), idOf(organization.apiKey)]);
  });

  test('never shows a secret or a digest', async () => {
    const { rows } = await world.root.query('select secret_digest from tenancy.api_keys');
    const text = JSON.stringify((await world.acme.request('GET', '/v1/api-keys')).body);
    for (const { secret_digest } of rows as { secret_digest: Buffer }[]) {
      for (const encoding of ['hex', 'base64', 'base64url'] as const)
        expect(text).not.toContain(secret_digest.toString(encoding));
    }
  });
});

describe('revoke', () => {
  test('ends a key with the next request, again changes nothing, and tells nothing of others', async () => {
    const { id, key } = await world.createKey();
    expect(outcome(await world.ask(key))).toBe(200);
    const first = await world.acme.request('DELETE', `/v1/api-keys/${id}`);
    expect([first.status, first.body]).toEqual([204, undefined]);
    expect(outcome(await world.ask(key))).toEqual([401, 'invalid_credentials']);
    const { revokedAt } = await world.listed(id);
    expect((await world.acme.request('DELETE', `/v1/api-keys/${id}`)).status).toBe(204);
    expect((await world.listed(id)).revokedAt).toBe(revokedAt);

    const theirs = await world.acme.request('DELETE', `/v1/api-keys/${idOf(world.globex.apiKey)}`);
    const nobodys = await world.acme.request('DELETE', '/v1/api-keys/AAAAAAAAAAAA');
    expect([theirs.status, theirs.body.code]).toEqual([404, 'not_found']);
    expect({ ...theirs.body, requestId: '' }).toEqual({ ...nobodys.body, requestId: '' });
    expect(outcome(await world.globex.request('GET', '/v1/items'))).toBe(200);
  });

  test('a key may end itself', async () => {
    const { id, key } = await world.createKey({ scopes: ['admin'] });
    expect((await world.ask(key, 'DELETE', `/v1/api-keys/${id}`)).status).toBe(204);
    expect(outcome(await world.ask(key, 'GET', '/v1/api-keys'))).toEqual([401, 'invalid_credentials']);
  });

  test('what is under way finishes, ten at once that begin afterwards are refused, on warm connections', async () => {
    const { id, key } = await world.createKey({ scopes: ['read', 'write'] });
    const lock = await holdLock(world.adminUrl, 'lock table inventory.items in share row exclusive mode');
    const underWay = Array.from({ length: 4 }, (_, n) =>
      world.ask(key, 'POST', '/v1/items', { sku: `FLIGHT-${n}`, name: 'In flight' }),
    );
    try {
      await lock.waiting(4);
      expect((await world.acme.request('DELETE', `/v1/api-keys/${id}`)).status).toBe(204);
      const afterwards = await Promise.all(Array.from({ length: 10 }, () => world.ask(key)));
      expect(afterwards.map(outcome)).toEqual(Array(10).fill([401, 'invalid_credentials']));
    } finally {
      await lock.release();
    }
    expect((await Promise.all(underWay)).map(outcome)).toEqual(Array(4).fill(201));
  });
});

describe('expiry', () => {
  test('ends a key by the clock of the database, on the next transaction', async () => {
    const { id, key } = await world.createKey({ expiresAt: '2099-01-01T00:00:00Z' });
    expect(outcome(await world.ask(key))).toBe(200);
    await world.root.query(`update tenancy.api_keys set expires_at = now() where key_id = $1`, [id]);
    const afterwards = await Promise.all(Array.from({ length: 10 }, () => world.ask(key)));
    expect(afterwards.map(outcome)).toEqual(Array(10).fill([401, 'invalid_credentials']));
    expect((await world.listed(id)).revokedAt).toBeNull();
  });
});
