import { beforeAll, expect, test } from 'vitest';
import { parseApiKey } from '#tenancy/api-keys.ts';
import { assignUser, type MemberRole } from '#tenancy/users.ts';
import { type Answer, type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
let acme: Caller;
let globex: Caller;

beforeAll(async () => {
  [acme, globex] = [await world.createOrganization(), await world.createOrganization()];
  const assign = async (email: string, { slug }: Caller, role: MemberRole, name?: string) =>
    assignUser(await world.connect('stockade_admin'), { email, organization: slug, role, name });
  await assign('grace@example.com', acme, 'clerk');
  await assign('ada@example.com', acme, 'admin', 'Ada');
  await assign('linus@example.com', acme, 'viewer');
  await assign('ada@example.com', globex, 'viewer');
  await assign('secret@globex.example', globex, 'admin', 'Secret');
});

test('shows the members of the organization that asks, by email, and of no other', async () => {
  const { status, body } = await acme.request('GET', '/v1/users');
  expect(status).toBe(200);
  expect(body.nextCursor).toBeNull();
  expect(body.data.map(({ id: _, since: __, ...member }: { id: string; since: string }) => member)).toEqual([
    { email: 'ada@example.com', name: 'Ada', role: 'admin' },
    { email: 'grace@example.com', name: null, role: 'clerk' },
    { email: 'linus@example.com', name: null, role: 'viewer' },
  ]);
  for (const { id, since } of body.data) {
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(since).toMatch(/Z$/);
  }
  const theirs = await globex.request('GET', '/v1/users');
  expect(theirs.body.data.map(({ email, role }: { email: string; role: string }) => [email, role])).toEqual([
    ['ada@example.com', 'viewer'],
    ['secret@globex.example', 'admin'],
  ]);
});

test('is paged', async () => {
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
    const { body }: Answer = await acme.request('GET', `/v1/users?limit=2${query}`);
    expect(body.data.length).toBeLessThanOrEqual(2);
    seen.push(...body.data.map(({ email }: { email: string }) => email));
    cursor = body.nextCursor;
  } while (cursor);
  expect(seen).toEqual(['ada@example.com', 'grace@example.com', 'linus@example.com']);
});

test.each(['read', 'write'])(
  'is for admins: the scope %s is not enough, in the database either',
  async (scope) => {
    const created = await acme.request('POST', '/v1/api-keys', { name: scope, scopes: [scope] });
    const answer = await acme.request('GET', '/v1/users', undefined, { 'x-api-key': created.body.key });
    expect([answer.status, answer.body.code]).toEqual([403, 'insufficient_scope']);

    const key = parseApiKey(created.body.key, 'test');
    const api = await world.connect('stockade_api');
    await api.query('begin');
    await api.query('call tenancy.enter_with_key($1, $2, $3, $4)', [
      key?.keyId,
      key?.secretDigest,
      scope,
      [],
    ]);
    await expect(api.query('select tenancy.list_members(100, null)')).rejects.toMatchObject({
      code: 'SK104',
    });
    await api.query('rollback');
    await expect(api.query('select tenancy.list_members(100, null)')).rejects.toMatchObject({
      code: 'SK902',
    });
  },
);
