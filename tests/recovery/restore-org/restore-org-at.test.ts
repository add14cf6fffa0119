import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { describeInstance } from '#recovery/rds/rds.ts';
import { withRole } from '#scripts/cli/database/connect.ts';
import { paths } from '#scripts/paths.ts';
import { copyNameOf } from '#scripts/recovery/organization-copy.ts';
import { resumeOrganization, suspendOrganization } from '#tenancy/suspension.ts';
import { openFolder } from '#tests/isolation/portability/portability-world.ts';
import { run } from '../../commands/run.ts';
import { asSuperuser } from '../../prove/clone.ts';
import { inOrganization, targetSlug } from '../../prove/reconciliation/fixture.ts';
import { deleteInstance } from '../delete-instance.ts';
import { openDrillWorld } from '../drill/drill-world.ts';

const world = openDrillWorld();
const folder = openFolder();
const made: string[] = [];

afterEach(async () => {
  for (const name of made.splice(0)) await deleteInstance(world.rds, name);
});

async function restore(...args: string[]) {
  const { exitCode, stdout, stderr } = await run(
    'recovery/restore-org.ts',
    ['--org', targetSlug, '--keep', folder(), '--yes', '--json', ...args],
    { DATABASE_URL: world.rds.adminUrl },
  );
  // biome-ignore lint/suspicious/noExplicitAny: the tests assert its shape
  return { code: exitCode, json: JSON.parse(stdout || stderr) as any };
}

const ask = <T>(query: string, values: unknown[] = []) =>
  asSuperuser(world.rds.adminUrl, async (superuser) => {
    const { rows } = await superuser.query(query, values);
    return rows as T[];
  });

async function orgId(): Promise<string> {
  const [row] = await ask<{ id: string }>('select id from tenancy.organizations where slug = $1', [
    targetSlug,
  ]);
  return row?.id ?? '';
}

async function createLocation(code: string): Promise<void> {
  const id = await orgId();
  await asSuperuser(world.rds.adminUrl, (superuser) =>
    inOrganization(superuser, id, () =>
      superuser.query('select inventory.create_location($1)', [{ code, name: code }]),
    ),
  );
}

const locations = async () =>
  (
    await ask<{ code: string }>('select code from inventory.locations where org_id = $1 order by code', [
      await orgId(),
    ])
  ).map(({ code }) => code);

/** A restorable time that contains everything so far, and the name of its copy. */
async function moment(): Promise<{ at: string; name: string }> {
  await world.beat();
  const at = await world.rds.clock();
  await world.post(['A']);
  await world.rds.archive();
  const name = copyNameOf(targetSlug, at);
  made.push(name);
  return { at: at.toISOString(), name };
}

const asAdmin = (work: typeof suspendOrganization | typeof resumeOrganization) =>
  withRole(world.rds.adminUrl, 'stockade_admin', (admin) => work(admin, targetSlug));

test('one command restores a point in time, proves it and takes the organization from it; a second one carries on', async () => {
  await createLocation('LOST');
  const { at, name } = await moment();
  await ask(`delete from inventory.locations where org_id = $1 and code = 'LOST'`, [await orgId()]);
  await createLocation('SINCE');
  const before = await locations();

  // An active organization would lose what it does meanwhile. The command refuses it before it restores a copy.
  const active = await restore('--at', at, '--merge');
  expect([active.code, active.json.error.message]).toEqual([1, expect.stringContaining('is active')]);
  expect(await describeInstance(name)).toBeUndefined();

  const child = spawn(
    process.execPath,
    [
      join(paths.root, 'scripts/recovery/restore-org.ts'),
      '--org',
      targetSlug,
      '--at',
      at,
      '--merge',
      '--dry-run',
    ],
    { env: { ...process.env, DATABASE_URL: world.rds.adminUrl }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const exited = once(child, 'exit');
  await vi.waitFor(() => expect(said).toContain(`${name} is `), { timeout: 20_000, interval: 20 });
  child.kill('SIGINT');
  expect(await exited).toEqual([130, null]);
  expect(said).toContain(`${name} stays and costs money`);

  const dry = await restore('--at', at, '--merge', '--dry-run');
  expect([dry.code, dry.json]).toEqual([
    0,
    expect.objectContaining({
      dryRun: true,
      copy: expect.objectContaining({ name, asOf: at, isBegun: true }),
      differences: expect.arrayContaining([
        expect.objectContaining({ table: 'inventory.locations', lost: 1, since: 1 }),
      ]),
    }),
  ]);
  expect(await locations()).toEqual(before);

  await asAdmin(suspendOrganization);
  const { code, json } = await restore('--at', at, '--merge');
  expect([code, json]).toEqual([0, expect.objectContaining({ restored: expect.anything() })]);
  expect(json.copy).toMatchObject({ name, isBegun: true });
  expect(await locations()).toEqual([...before, 'LOST'].sort());
  expect(json.copy.discard.at(-1)).toBe(
    `aws rds delete-db-instance --db-instance-identifier ${name} --skip-final-snapshot`,
  );
  expect(await describeInstance(name)).toMatchObject({ DBInstanceStatus: 'available' });

  // The printed URL works too, and the output for people ends with the commands that delete the copy.
  const { exitCode, stdout } = await run(
    'recovery/restore-org.ts',
    ['--org', targetSlug, '--at', at, '--merge', '--dry-run'],
    { DATABASE_URL: world.rds.adminUrl },
  );
  expect([exitCode, stdout.trim().split('\n').slice(-2)]).toEqual([0, json.copy.discard]);
  const [, url = ''] = /(postgres:\/\/\S+)/.exec(stdout) ?? [];
  expect(await restore('--from', url, '--merge', '--dry-run')).toMatchObject({
    code: 0,
    json: { copy: null },
  });
  await asAdmin(resumeOrganization);
}, 180_000);

test('the command takes nothing from a copy that is not proven, and does not delete it', async () => {
  const spoil = (by: number) =>
    ask(
      `update inventory.balances b set on_hand = on_hand + $2
       from inventory.items i
       where b.org_id = $1 and i.org_id = $1 and i.id = b.item_id and i.sku = 'N'`,
      [id, by],
    );
  const id = await orgId();
  await spoil(1);
  const { at, name } = await moment();
  await spoil(-1);
  const { code, json } = await restore('--at', at, '--merge', '--dry-run');
  expect([code, json.error.message]).toEqual([
    1,
    expect.stringMatching(`${name} of ${at} is not proven, and nothing was taken from it: .*balances failed`),
  ]);
  expect(json.error.remedy).toContain(`npm run restore -- --at ${at} --to ${name}`);
  expect(await describeInstance(name)).toMatchObject({ DBInstanceStatus: 'available' });
}, 120_000);

test('the command needs exactly one source', async () => {
  const at = '2026-03-01T09:30:00Z';
  for (const args of [[], ['--at', at, '--from', world.rds.adminUrl]]) {
    const { code, json } = await restore(...args);
    expect([code, json.error.message]).toEqual([2, expect.stringContaining('either --at or --from')]);
  }
  const { code, json } = await restore('--at', '2001-01-01T00:00:00Z', '--dry-run');
  expect([code, json.error.message]).toEqual([1, expect.stringContaining('cannot be restored')]);
}, 60_000);
