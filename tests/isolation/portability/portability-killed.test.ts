import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { eraseOrganization } from '#portability/erase.ts';
import { createExportFolder } from '#portability/export-folder.ts';
import { importOrganization } from '#portability/import.ts';
import { readManifest } from '#portability/manifest.ts';
import { expectWaiting, type KilledCommand, killWhen, untilGone } from '#tests/commands/kill.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import {
  digests,
  exportTo,
  fillTenant,
  openCell,
  openFolder,
  outcome,
  suspend,
  tablesWith,
} from './portability-world.ts';

const world = openWorld();
const cell = openCell();
const folder = openFolder();
let here: Client;
let there: Client;
/** Has something of every kind, and is suspended. No test changes it. */
let tenant: Caller;
let exported: string;

beforeAll(async () => {
  [here, there] = [await world.superuser(), await cell.superuser()];
  for (const superuser of [here, there]) await superuser.query(stops);
  // Somebody in either database whom nothing of this may touch.
  const settled = await organization();
  await importOrganization(await cell.connect('stockade_admin'), { from: settled.exported });
  tenant = await world.createOrganization();
  await fillTenant(world, tenant, 'ada@example.com');
  await suspend(world, tenant.slug);
  exported = folder();
  await exportTo(world, tenant.id, exported);
}, 60_000);

/** A small organization that is suspended and was exported. */
async function organization() {
  const made = await world.createOrganization();
  await made.item('BOLT');
  await made.location('MAIN');
  await made.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 5 });
  await suspend(world, made.slug);
  const to = folder();
  const { receipt } = await exportTo(world, made.id, to);
  return { id: made.id, slug: made.slug, exported: to, receipt };
}

/**
 * Any session that reads or writes a movement in a statement that contains the text of the setting `stops.statement`, or commits an
 * import or an erasure while it says `commit`, waits for an advisory lock. The setting is the database's, so a command
 * has it from its start.
 */
const stops = `
  create schema stops;
  grant usage on schema stops to public;
  create function stops.wait() returns boolean language plpgsql as $$
    begin
      if strpos(current_query(), nullif(current_setting('stops.statement', true), '')) > 0 then
        perform pg_advisory_xact_lock_shared(4711);
      end if;
      return true;
    end
  $$;
  create function stops.wait_in_commit() returns trigger language plpgsql as $$
    begin perform stops.wait(); return null; end
  $$;
  create policy stop on inventory.movements as restrictive using (stops.wait()) with check (stops.wait());
  create constraint trigger stop after insert on tenancy.organizations deferrable initially deferred
    for each row execute function stops.wait_in_commit();
  create constraint trigger stop after insert on tenancy.erasures deferrable initially deferred
    for each row execute function stops.wait_in_commit();
`;

/** Kills a command while it is inside the statement that contains the text, and waits until the server has settled. */
async function killIn(statement: string, superuser: Client, command: KilledCommand): Promise<void> {
  const set = async (value: string) =>
    await superuser.query(
      `do $$ begin execute format('alter database %I set stops.statement = %L', current_database(), '${value}'); end $$`,
    );
  await set(statement);
  await superuser.query('select pg_advisory_lock(4711)');
  try {
    await killWhen(command, () => expectWaiting(superuser, statement));
  } finally {
    await superuser.query('select pg_advisory_unlock(4711)');
    await untilGone(superuser);
    await set('');
  }
}

describe('an export', () => {
  test.each([
    ['while it counts the rows', 'begin_export', []],
    [
      'in the middle of a table',
      'fetch forward',
      expect.arrayContaining(['tenancy.organizations.ndjson', 'inventory.movements.ndjson']),
    ],
  ])(
    'killed %s leaves no folder of its name and no manifest, and can be made again',
    async (_, statement, files) => {
      const before = await digests(here);
      const to = folder();
      const args = ['--org', tenant.slug, '--to', to];
      await killIn(statement, here, { script: 'org/export.ts', args, adminUrl: world.adminUrl });
      const left = (await readdir(dirname(to))).filter((name) => name.startsWith(basename(to)));
      expect(left).toEqual([expect.stringMatching(/\.partial-\w{6}$/)]);
      const found = await readdir(join(dirname(to), left[0] ?? ''));
      expect(found).toEqual(files);
      expect(found).not.toContain('manifest.json');
      expect(await digests(here)).toEqual(before);

      const again = await exportTo(world, tenant.id, to);
      expect(again.receipt).toBe((await readManifest(join(exported, 'manifest.json'))).receipt);
    },
  );

  test('has its name only when everything is in it', async () => {
    const to = folder();
    const parts = await createExportFolder(to);
    await parts.write('manifest.json', [Buffer.from('{}')]);
    await expect(stat(to)).rejects.toMatchObject({ code: 'ENOENT' });
    await parts.finish();
    expect(await readdir(to)).toEqual(['manifest.json']);
  });

  test('is for the account that made it alone', async () => {
    expect((await stat(exported)).mode & 0o777).toBe(0o700);
    const files = await readdir(exported);
    expect(files).toContain('manifest.json');
    for (const file of files)
      expect([file, (await stat(join(exported, file))).mode & 0o777]).toEqual([file, 0o600]);
  });
});

describe('an import', () => {
  test.each([
    ['while it writes', 'import_rows'],
    ['when everything is written, while that is proven', 'finish_import'],
  ])('killed %s leaves nothing, and can be made again', async (_, statement) => {
    const before = await digests(there);
    await killIn(statement, there, {
      script: 'org/import.ts',
      args: ['--from', exported],
      adminUrl: cell.adminUrl,
    });
    expect(await digests(there)).toEqual(before);
    const again = importOrganization(await cell.connect('stockade_admin'), { from: exported, dryRun: true });
    expect(await outcome(again)).toBe('done');
  });

  test('killed after it has asked for its commit is there whole', async () => {
    const moving = await organization();
    await killIn('commit', there, {
      script: 'org/import.ts',
      args: ['--from', moving.exported],
      adminUrl: cell.adminUrl,
    });
    expect((await exportTo(cell, moving.id, folder())).receipt).toBe(moving.receipt);
  });
});

describe('an erasure', () => {
  const command = (slug: string, from: string): KilledCommand => ({
    script: 'org/erase.ts',
    args: ['--org', slug, '--receipt', join(from, 'manifest.json'), '--yes'],
    adminUrl: world.adminUrl,
  });

  test('killed before its commit leaves everything, and can be made again', async () => {
    const before = await digests(here);
    await killIn('erase_organization', here, command(tenant.slug, exported));
    expect(await digests(here)).toEqual(before);
    const receipt = await readManifest(join(exported, 'manifest.json'));
    const admin = await world.connect('stockade_admin');
    expect(await outcome(eraseOrganization(admin, { slug: tenant.slug, receipt, dryRun: true }))).toBe(
      'done',
    );
  });

  test('killed after it has asked for its commit leaves nothing but its note, and others as they were', async () => {
    const leaving = await organization();
    const others = await digests(here, leaving.id);
    await killIn('commit', here, command(leaving.slug, leaving.exported));
    expect(await tablesWith(here, leaving.id)).toEqual({ 'tenancy.erasures': 1 });
    expect(await digests(here, leaving.id)).toEqual(others);
  });
});
