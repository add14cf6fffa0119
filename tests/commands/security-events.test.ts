import { expect, test } from 'vitest';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import { run } from './run.ts';

const world = openWorld();

const eventsOf = ({ slug }: Caller, ...args: string[]) =>
  run('org/security-events.ts', ['--org', slug, ...args], { DATABASE_URL: world.adminUrl });

const name = (caller: Caller, organization: string) =>
  caller.request('GET', '/v1/items', undefined, { 'x-organization': organization });

test('the refusals of an organization, and no others, newest first, for people and for programs', async () => {
  const [acme, globex] = [await world.createOrganization('acme'), await world.createOrganization('globex')];
  await name(acme, 'globex');
  await name(acme, 'globex');
  await name(globex, 'acme');
  await name(acme, 'initech');

  const { exitCode, stdout, stderr } = await eventsOf(acme, '--json');
  expect([exitCode, stderr]).toEqual([0, '']);
  const events: { named: string; actor: string; requests: number; lastAt: string }[] = JSON.parse(stdout);
  const actor = `key:${parseApiKey(acme.apiKey, 'test')?.keyId}`;
  expect(new Set(events.map((event) => event.actor))).toEqual(new Set([actor]));
  expect(events[0]).toMatchObject({ named: 'initech', kind: 'organization_mismatch', requests: 1 });
  // The two may be of two minutes.
  const toGlobex = events.filter(({ named }) => named === 'globex');
  expect(toGlobex.reduce((sum, { requests }) => sum + requests, 0)).toBe(2);
  expect(events.slice(1)).toEqual(toGlobex);

  const forPeople = (await eventsOf(acme)).stdout.split('\n');
  expect(forPeople[1]).toMatch(new RegExp(`Z +1 +${actor} +initech$`));
  const one = await eventsOf(acme, '--most', '1');
  expect(one.stdout).toContain('initech');
  expect(one.stdout).not.toContain('globex');
  expect(one.stdout).toContain('There may be more');
});

test('--since leaves out what is older, and reports when there is none', async () => {
  const hooli = await world.createOrganization('hooli');
  await name(hooli, 'acme');
  const superuser = await world.superuser();
  await superuser.query(
    `update tenancy.security_events
     set minute = minute - interval '2 hours', first_at = first_at - interval '2 hours', last_at = last_at - interval '2 hours'
     where org_id = $1`,
    [hooli.id],
  );
  expect((await eventsOf(hooli, '--since', '1h')).stdout).toBe(
    'No credential of hooli was refused in the last 1h.\n',
  );
  expect((await eventsOf(hooli, '--since', '3h')).stdout).toContain('acme');
});

test('an organization that is not there is an error', async () => {
  const { exitCode, stderr } = await run('org/security-events.ts', ['--org', 'nobody'], {
    DATABASE_URL: world.adminUrl,
  });
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('There is no organization "nobody"')]);
});
