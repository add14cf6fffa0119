import { RemoveTagsFromResourceCommand } from '@aws-sdk/client-rds';
import { afterEach, expect, test } from 'vitest';
import { describeInstance, rdsClient } from '#recovery/rds/rds.ts';
import { setBesidePassword } from '#recovery/rds/rds-beside.ts';
import { run } from '../commands/run.ts';
import { asSuperuser } from '../prove/clone.ts';
import { deleteInstance } from './delete-instance.ts';
import { openDrillWorld } from './drill/drill-world.ts';

const world = openDrillWorld();
const name = 'stockade-back-then';

afterEach(() => deleteInstance(world.rds, name));

async function restore(...args: string[]) {
  const { exitCode, stdout, stderr } = await run('recovery/restore.ts', [...args, '--json'], {
    DATABASE_URL: world.rds.adminUrl,
  });
  // biome-ignore lint/suspicious/noExplicitAny: the tests assert its shape
  return { code: exitCode, json: JSON.parse(stdout || stderr) as any };
}

const entriesIn = (url: string) =>
  asSuperuser(url, async (superuser) => {
    const { rows } = await superuser.query('select count(*)::int as n from inventory.entries');
    return rows[0].n as number;
  });

test('a point in time is restored beside production and proven, with its settings, and production does not change', async () => {
  const production = await describeInstance(world.rds.instance);
  await world.post(['A']);
  await world.beat();
  const at = await world.rds.clock();
  const then = await entriesIn(world.rds.adminUrl);
  await world.post(['A', 'B']);
  await world.rds.archive();

  const dry = await restore('--at', at.toISOString(), '--to', name, '--dry-run');
  expect([dry.code, dry.json]).toEqual([
    0,
    expect.objectContaining({ dryRun: true, asOf: at.toISOString() }),
  ]);
  expect(await describeInstance(name)).toBeUndefined();

  const { code, json } = await restore('--at', at.toISOString(), '--to', name);
  expect([code, json]).toEqual([
    0,
    expect.objectContaining({ name, proofs: expect.objectContaining({ ok: true }) }),
  ]);
  expect([await entriesIn(json.url), await entriesIn(world.rds.adminUrl)]).toEqual([then, then + 1]);
  const restored = await describeInstance(name);
  expect(restored).toMatchObject({
    DBInstanceClass: production?.DBInstanceClass,
    BackupRetentionPeriod: production?.BackupRetentionPeriod,
    DeletionProtection: true,
    PubliclyAccessible: false,
  });
  expect(json.steps.cutOver.join('\n')).toContain(
    `databaseResourceId=${restored?.DbiResourceId} -c databaseInstanceIdentifier=${name}`,
  );
  expect(json.steps.rollBack.join('\n')).toContain(`databaseResourceId=${production?.DbiResourceId}`);
  const { LatestRestorableTime: _, ...after } = (await describeInstance(world.rds.instance)) ?? {};
  const { LatestRestorableTime: __, ...before } = production ?? {};
  expect(after).toEqual(before);

  // The same command again, as after Ctrl-C, finds its instance and carries on. Another time needs another name.
  const again = await restore('--at', at.toISOString(), '--to', name);
  expect([again.code, again.json.isBegun]).toEqual([0, true]);
  const other = await restore('--at', new Date(at.getTime() - 1).toISOString(), '--to', name);
  expect([other.code, other.json.error.message]).toEqual([
    1,
    expect.stringContaining('was already restored from'),
  ]);

  // After the cut-over the instance is production: the same command leaves it alone.
  const untag = /^aws rds remove-tags-from-resource --resource-name (\S+) --tag-keys (\S+)$/m;
  const [, ResourceName, tag = ''] = untag.exec(json.steps.cutOver.join('\n')) ?? [];
  await rdsClient().send(new RemoveTagsFromResourceCommand({ ResourceName, TagKeys: [tag] }));
  const stale = await restore('--at', at.toISOString(), '--to', name);
  expect([stale.code, stale.json.error.message]).toEqual([
    1,
    expect.stringContaining('no restore created it'),
  ]);
  expect(await entriesIn(again.json.url)).toBe(then);
}, 120_000);

test('production, drills, other times and contradictions are refused before anything is created', async () => {
  const at = (await world.rds.clock()).toISOString();
  const refused = async (...args: string[]) => {
    const { code, json } = await restore(...args);
    return [code, json.error.message];
  };
  expect(await refused('--at', at, '--to', world.rds.instance)).toEqual([
    1,
    expect.stringContaining('is production'),
  ]);
  expect(await refused('--at', at, '--to', 'stockade-drill-1')).toEqual([
    1,
    expect.stringContaining('only drills use'),
  ]);
  expect(await refused('--at', '2001-01-01T00:00:00Z', '--to', name)).toEqual([
    1,
    expect.stringContaining('cannot be restored'),
  ]);
  expect(await refused('--at', '2026-02-31T25:00:00Z', '--to', name)).toEqual([
    2,
    expect.stringContaining('must be a valid time with a time zone'),
  ]);
  expect(await refused('--to', name)).toEqual([2, expect.stringContaining('either --at or --snapshot')]);
  await expect(setBesidePassword(world.rds.instance, 'a-password')).rejects.toThrow('Nothing was changed');
}, 60_000);
