import { randomUUID } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { openWorld } from '#tests/world.ts';
import { run } from './run.ts';

const world = openWorld();
const newSlug = () => `shop-${randomUUID().slice(0, 8)}`;
const withDatabase = () => ({ DATABASE_URL: world.adminUrl });

test('org:create --json answers id, slug, name and a key of all scopes that the API takes', async () => {
  const slug = newSlug();
  const created = await run(
    'org/create.ts',
    ['--slug', slug, '--name', 'Café Ünïcode', '--key-environment', 'test', '--json'],
    withDatabase(),
  );
  expect([created.exitCode, created.stderr]).toEqual([0, '']);
  const answer = JSON.parse(created.stdout);
  expect(Object.keys(answer)).toEqual(['id', 'slug', 'name', 'apiKey']);
  expect(answer).toMatchObject({ slug, name: 'Café Ünïcode' });

  const response = await fetch(`${world.url}/v1/organization`, {
    headers: { authorization: `Bearer ${answer.apiKey}` },
  });
  expect(await response.json()).toMatchObject({
    id: answer.id,
    slug,
    name: 'Café Ünïcode',
    status: 'active',
  });
  const superuser = await world.superuser();
  const { rows } = await superuser.query('select scopes from tenancy.api_keys where org_id = $1', [
    answer.id,
  ]);
  expect(rows).toEqual([{ scopes: ['read', 'write', 'admin'] }]);

  const listed = await run('org/list.ts', ['--json'], withDatabase());
  expect(JSON.parse(listed.stdout)).toContainEqual(
    expect.objectContaining({ id: answer.id, slug, status: 'active' }),
  );
});

test('an organization that is there is called --org by every command, one that is to be made --slug', () => {
  const scripts = globSync('{org,keys,users,ledger,migrate,recovery,develop}/*.ts', {
    cwd: join(paths.root, 'scripts'),
  }).sort();
  const withOption = (name: string) =>
    scripts.filter((file) =>
      readFileSync(join(paths.root, 'scripts', file), 'utf8').includes(`    ${name}: option.`),
    );
  expect(withOption('slug')).toEqual(['migrate/org.ts', 'org/create.ts', 'org/import.ts']);
  expect(withOption('org')).toEqual(
    expect.arrayContaining(['org/suspend.ts', 'org/resume.ts', 'org/export.ts']),
  );
  expect(withOption('organization')).toEqual([]);
});

test.each([
  ['org/create.ts', () => ['--slug', newSlug()]],
  ['keys/create.ts', (org: string) => ['--org', org, '--scopes', 'read']],
  ['users/assign.ts', (org: string) => ['--org', org, '--email', 'named@example.com', '--role', 'viewer']],
])('%s takes a name of 200 characters, whichever they are, and refuses one of 201', async (script, args) => {
  const { slug } = await world.createOrganization();
  const named = (name: string) => run(script, [...args(slug), '--name', name], withDatabase());
  const longest = `${'é'.repeat(199)}😀`;
  expect(await named(longest)).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await named(`${longest}!`)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('must have at most 200 characters, not 201'),
  });
});

test('users:assign refuses an address whose tokens would be refused', async () => {
  const { slug } = await world.createOrganization();
  const args = ['--org', slug, '--email', 'a|b@example.com', '--role', 'viewer'];
  expect(await run('users/assign.ts', args, withDatabase())).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('must be an email address without |'),
  });
});

test('a member or a slug that looks like another one is named', async () => {
  const slug = newSlug().replace('shop', 'farm1');
  const create = (each: string) => run('org/create.ts', ['--slug', each, '--name', 'X'], withDatabase());
  expect(await create(slug)).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await create(slug.replace('farm1', 'farnl'))).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await create(slug.replace('farm1', 'farrnl'))).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(`looks like ${slug}, which is another organization`),
  });
  const assign = (email: string) =>
    run('users/assign.ts', ['--org', slug, '--email', email, '--role', 'viewer'], withDatabase());
  expect(await assign('tom@example.com')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await assign('t0rn@example.com')).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('looks like tom@example.com, who is a member as well'),
  });
  expect(await assign('\u212aate@example.com')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('U+212A is none of them'),
  });
});

test('four at once with one slug: one is created, three fail because it exists', async () => {
  const slug = newSlug();
  const outcomes = await Promise.all(
    Array.from({ length: 4 }, () =>
      run('org/create.ts', ['--slug', slug, '--name', 'X', '--json'], withDatabase()),
    ),
  );
  expect(outcomes.map(({ exitCode }) => exitCode).sort()).toEqual([0, 1, 1, 1]);
  const refused = outcomes.find(({ exitCode }) => exitCode === 1);
  expect(JSON.parse(refused?.stderr ?? '').error).toMatchObject({ code: 'already_exists' });
});

test.each([
  [['--slug', 'Not A Slug', '--name', 'X'], 'lower-case letters'],
  [['--slug', 'ok'], "'--name <name>' not specified"],
  [['--slug', 'ok', '--name', ''], 'must not be empty'],
  [['--slug', 'ok', '--name', 'X', '--colour', 'red'], '--colour'],
])('org:create %j is a usage error', async (args, message) => {
  const { exitCode, stderr, stdout } = await run('org/create.ts', args, withDatabase());
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
});

test('users:assign creates the user if need be, changes the role, and does nothing the third time', async () => {
  const { slug } = await world.createOrganization();
  const assign = async (role: string, email = 'Ada@Example.com') => {
    const { exitCode, stdout, stderr } = await run(
      'users/assign.ts',
      ['--org', slug, '--email', email, '--role', role, '--json'],
      withDatabase(),
    );
    expect([exitCode, stderr]).toEqual([0, '']);
    return JSON.parse(stdout);
  };
  const first = await assign('viewer');
  expect(first).toMatchObject({
    email: 'ada@example.com',
    organization: slug,
    role: 'viewer',
    created: true,
  });
  expect(await assign('admin')).toEqual({ ...first, role: 'admin', created: false });
  expect(await assign('admin', 'ada@example.com')).toEqual({ ...first, role: 'admin', created: false });

  const superuser = await world.superuser();
  const { rows } = await superuser.query(
    `select role, email from tenancy.memberships m join tenancy.organizations o on o.id = m.org_id
     join tenancy.users u on u.id = m.user_id where o.slug = $1`,
    [slug],
  );
  expect(rows).toEqual([{ role: 'admin', email: 'ada@example.com' }]);
});

test('users:assign names the organization that is not there', async () => {
  const { exitCode, stderr } = await run(
    'users/assign.ts',
    ['--org', 'nowhere', '--email', 'ada@example.com', '--role', 'clerk'],
    withDatabase(),
  );
  expect(exitCode).toBe(1);
  expect(stderr).toContain('There is no organization "nowhere"');
  const superuser = await world.superuser();
  expect(
    (await superuser.query(`select from tenancy.users where email = 'ada@example.com' and name = 'nowhere'`))
      .rowCount,
  ).toBe(0);
});

test('a database that is not there is named, without a stack', async () => {
  const { exitCode, stderr } = await run('org/list.ts', [], {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
  });
  expect(exitCode).toBe(1);
  expect(stderr).toBe('error: cannot reach the database at 127.0.0.1:1: is it running? (ECONNREFUSED)\n');
});

test.each([
  'org/create.ts',
  'org/list.ts',
  'users/assign.ts',
  'migrate/all.ts',
  'ledger/import.ts',
  'develop/start.ts',
])('%s --help shows examples and ends with 0', async (script) => {
  const { exitCode, stdout } = await run(script, ['--help']);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Examples:');
  expect(stdout).toContain('--json');
});
