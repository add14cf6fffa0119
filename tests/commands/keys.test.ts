import { beforeAll, describe, expect, test } from 'vitest';
import { type Caller, openWorld } from '#tests/world.ts';
import { run } from './run.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization('acme');
});

/** Runs a command that is to succeed, as a program would. */
async function json(script: string, ...args: string[]) {
  const { exitCode, stdout, stderr } = await run(script, [...args, '--json'], {
    DATABASE_URL: world.adminUrl,
  });
  expect([script, exitCode, stderr]).toEqual([script, 0, '']);
  return JSON.parse(stdout);
}

/** Runs a command as a person would. */
async function text(script: string, ...args: string[]) {
  const { stdout, stderr } = await run(script, args, { DATABASE_URL: world.adminUrl });
  return stdout + stderr;
}

const statusWith = async (key: string) =>
  (await acme.request('GET', '/v1/items', undefined, { 'x-api-key': key })).status;
const make = (...more: string[]) => {
  const args = ['--org', 'acme', '--name', 'Till', '--scopes', 'read,write', '--key-environment', 'test'];
  return json('keys/create.ts', ...args, ...more);
};

describe('keys', () => {
  test('one is made, listed without its secret, and ended', async () => {
    const created = await make('--expires', '90d');
    expect(created).toMatchObject({ name: 'Till', scopes: ['read', 'write'], revokedAt: null });
    expect(created.key).toContain(`sk_test_${created.id}_`);
    const days = (Date.parse(created.expiresAt) - Date.parse(created.createdAt)) / 86_400_000;
    expect(days).toBeCloseTo(90, 2);
    expect(await statusWith(created.key)).toBe(200);

    const { key, ...shown } = created;
    const listed = await json('keys/list.ts', '--org', 'acme');
    expect(listed).toContainEqual({ ...shown, lastUsedAt: listed[0].lastUsedAt });
    for (const output of [JSON.stringify(listed), await text('keys/list.ts', '--org', 'acme')]) {
      expect(output).toContain(created.id);
      expect(output).not.toContain(key.split('_')[3]);
    }

    const ended = await json('keys/revoke.ts', '--org', 'acme', '--id', created.id);
    expect(ended.revokedAt).not.toBeNull();
    expect(await statusWith(key)).toBe(401);
    expect(await json('keys/revoke.ts', '--org', 'acme', '--id', created.id)).toEqual(ended);
  });

  test('a dry run says what would be done and does nothing', async () => {
    const { id, key } = await make();
    const before = await json('keys/list.ts', '--org', 'acme');
    expect(await make('--dry-run')).toMatchObject({ name: 'Till', scopes: ['read', 'write'], dryRun: true });
    expect(await json('keys/revoke.ts', '--org', 'acme', '--id', id, '--dry-run')).toMatchObject({
      id,
      dryRun: true,
    });
    expect((await json('keys/list.ts', '--org', 'acme')).map((each: { id: string }) => each.id)).toEqual(
      before.map((each: { id: string }) => each.id),
    );
    expect(await statusWith(key)).toBe(200);
  });

  test.each([
    ['keys/create.ts', ['--org', 'acme', '--name', 'X', '--scopes', 'read,root'], 2, 'read, write, admin'],
    ['keys/create.ts', ['--org', 'acme', '--name', 'X', '--scopes', ''], 2, 'read, write, admin'],
    ['keys/create.ts', ['--org', 'acme', '--name', 'X', '--scopes', 'read', '--expires', 'soon'], 2, '7d'],
    [
      'keys/create.ts',
      ['--org', 'acme', '--name', 'X', '--scopes', 'read', '--expires', '0d'],
      2,
      'at least 1s',
    ],
    [
      'keys/create.ts',
      ['--org', 'acme', '--name', 'X', '--scopes', 'read', '--expires', '99999999d'],
      2,
      'at most 36500d',
    ],
    ['keys/create.ts', ['--org', 'nobody', '--name', 'X', '--scopes', 'read'], 1, 'no organization "nobody"'],
    ['keys/list.ts', ['--org', 'nobody'], 1, 'no organization "nobody"'],
    ['keys/revoke.ts', ['--org', 'acme', '--id', 'short'], 2, 'twelve letters and digits'],
    ['keys/revoke.ts', ['--org', 'acme', '--id', 'AAAAAAAAAAAA'], 1, 'no key AAAAAAAAAAAA'],
  ] as [string, string[], number, string][])('%s %j is refused', async (script, args, exitCode, message) => {
    const refused = await run(script, args, { DATABASE_URL: world.adminUrl });
    expect([refused.exitCode, refused.stdout]).toEqual([exitCode, '']);
    expect(refused.stderr).toContain(message);
  });

  test('one organization cannot end the key of another', async () => {
    const globex = await world.createOrganization('globex');
    const { exitCode } = await run(
      'keys/revoke.ts',
      ['--org', 'acme', '--id', globex.apiKey.split('_')[2] ?? ''],
      { DATABASE_URL: world.adminUrl },
    );
    expect(exitCode).toBe(1);
    expect((await globex.request('GET', '/v1/items')).status).toBe(200);
  });
});

describe('suspension', () => {
  test('takes effect with the next request, keeps its time, and ends', async () => {
    const { slug, request } = await world.createOrganization();
    const tried = await json('org/suspend.ts', '--org', slug, '--reason', 'Overdue', '--dry-run');
    expect(tried).toMatchObject({ status: 'suspended', suspensionReason: 'Overdue', dryRun: true });
    expect((await request('GET', '/v1/items')).status).toBe(200);

    const suspended = await json('org/suspend.ts', '--org', slug, '--reason', 'Overdue');
    expect(suspended).toMatchObject({ slug, status: 'suspended', suspensionReason: 'Overdue' });
    expect((await request('GET', '/v1/items')).body.code).toBe('organization_suspended');
    expect(await json('org/suspend.ts', '--org', slug)).toEqual(suspended);
    expect(await text('org/suspend.ts', '--org', slug)).toContain(`npm run org:resume -- --org ${slug}`);

    expect(await json('org/resume.ts', '--org', slug, '--dry-run')).toMatchObject({
      status: 'active',
      dryRun: true,
    });
    expect((await request('GET', '/v1/items')).status).toBe(403);
    const resumed = await json('org/resume.ts', '--org', slug);
    expect(resumed).toMatchObject({ status: 'active', suspendedAt: null, suspensionReason: null });
    expect(await json('org/resume.ts', '--org', slug)).toEqual(resumed);
    expect((await request('GET', '/v1/items')).status).toBe(200);
  });

  test('a limit holds from the next request on, and --dry-run sets none', async () => {
    const { slug } = await world.createOrganization();
    const limitOf = async () => {
      const listed: { slug: string; maxConcurrency: number }[] = await json('org/list.ts');
      return listed.find((one) => one.slug === slug)?.maxConcurrency;
    };
    expect(await json('org/limit.ts', '--org', slug, '--requests', '2', '--dry-run')).toMatchObject({
      maxConcurrency: 2,
      dryRun: true,
    });
    expect(await limitOf()).toBe(12);
    expect(await json('org/limit.ts', '--org', slug, '--requests', '2')).toMatchObject({ maxConcurrency: 2 });
    expect(await limitOf()).toBe(2);
    const { exitCode, stderr } = await run('org/limit.ts', ['--org', slug, '--requests', '1001']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--requests')]);
  });

  test.each([
    ['org/suspend.ts', []],
    ['org/resume.ts', []],
    ['org/limit.ts', ['--requests', '2']],
  ])('%s names the organization that is not there', async (script, more) => {
    const { exitCode, stderr } = await run(script, ['--org', 'nobody', ...more], {
      DATABASE_URL: world.adminUrl,
    });
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('There is no organization "nobody"')]);
  });
});

test.each([
  'keys/create.ts',
  'keys/list.ts',
  'keys/revoke.ts',
  'org/suspend.ts',
  'org/resume.ts',
  'org/limit.ts',
  'develop/openapi.ts',
])('%s --help shows examples and ends with 0', async (script) => {
  const { exitCode, stdout } = await run(script, ['--help']);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Examples:');
  expect(stdout).toContain('--json');
});
