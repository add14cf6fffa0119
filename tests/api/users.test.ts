import type { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { assignUser, type MemberRole } from '#tenancy/users.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { expectProblem } from './problem-document.ts';
import { cursorOf, lacksScope, wrongCursor, wrongField } from './refusals.ts';

const world = openWorld();
let acme: Caller;
let globex: Caller;
let root: Client;

beforeAll(async () => {
  root = await world.superuser();
  [acme, globex] = [await world.createOrganization(), await world.createOrganization()];
  const assign = async (email: string, { slug }: Caller, role: MemberRole, name?: string) =>
    assignUser(await world.connect('stockade_admin'), { email, organization: slug, role, name });
  await assign('grace@example.com', acme, 'clerk');
  await assign('ada@example.com', acme, 'admin', 'Ada');
  await assign('linus@example.com', acme, 'viewer');
  await assign('ada@example.com', globex, 'viewer');
  await assign('secret@globex.example', globex, 'admin', 'Secret');
});

/** The members of an organization as the database has them, by email. */
async function stored({ id }: Caller) {
  const { rows } = await root.query(
    `select u.id, u.email, u.name, m.role, m.created_at
     from tenancy.memberships m join tenancy.users u on u.id = m.user_id
     where m.org_id = $1
     order by u.email`,
    [id],
  );
  return rows.map(({ created_at, ...member }) => ({ ...member, since: created_at.toISOString() }));
}

const list = (query = '', caller = acme) => caller.request('GET', `/v1/users${query}`);

test('shows the members of the organization that asks whole, by email, and of no other', async () => {
  const { status, body } = await list();
  expect([status, body]).toEqual([200, { data: await stored(acme), nextCursor: null }]);
  expect(body.data.map(({ id: _, since: __, ...member }: { id: string; since: string }) => member)).toEqual([
    { email: 'ada@example.com', name: 'Ada', role: 'admin' },
    { email: 'grace@example.com', name: null, role: 'clerk' },
    { email: 'linus@example.com', name: null, role: 'viewer' },
  ]);
  const theirs = await list('', globex);
  expect(theirs.body).toEqual({ data: await stored(globex), nextCursor: null });
  expect(theirs.body.data.map(({ email, role }: { email: string; role: string }) => [email, role])).toEqual([
    ['ada@example.com', 'viewer'],
    ['secret@globex.example', 'admin'],
  ]);
});

test('is paged by email', async () => {
  const members = await stored(acme);
  const first = await list('?limit=2');
  expect(first.body).toEqual({ data: members.slice(0, 2), nextCursor: cursorOf('grace@example.com') });
  const rest = await list(`?limit=2&cursor=${first.body.nextCursor}`);
  expect(rest.body).toEqual({ data: members.slice(2), nextCursor: null });
  expect((await list('?limit=3')).body).toEqual({ data: members, nextCursor: null });
  const last = await list(`?cursor=${cursorOf('linus@example.com')}`);
  expect(last.body).toEqual({ data: [], nextCursor: null });
});

test.each([
  ['limit=0', wrongField('limit', 'must be at least 1')],
  ['limit=201', wrongField('limit', 'must be at most 200')],
  [`cursor=${cursorOf('nobody')}`, wrongCursor],
  [`cursor=${cursorOf('a@b', 'c')}`, wrongCursor],
  ['email=a', wrongField('email', 'is not a field here: check its spelling or leave it out')],
])('refuses ?%s', async (query, refusal) => {
  expectProblem(await list(`?${query}`), refusal);
});

test('is for users who are admins, and for no clerk and no viewer', async () => {
  const as = async (email: string) =>
    world.request('GET', '/v1/users', undefined, {
      authorization: `Bearer ${await world.token(email)}`,
      'x-organization': acme.slug,
    });
  expect((await as('ada@example.com')).body).toEqual({ data: await stored(acme), nextCursor: null });
  for (const email of ['grace@example.com', 'linus@example.com']) {
    expectProblem(await as(email), lacksScope('admin'));
  }
});

test.each(['read', 'write'])(
  'is for admins: the scope %s is not enough, in the database either',
  async (scope) => {
    const created = await acme.request('POST', '/v1/api-keys', { name: scope, scopes: [scope] });
    const answer = await acme.request('GET', '/v1/users', undefined, { 'x-api-key': created.body.key });
    expectProblem(answer, lacksScope('admin'));

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
