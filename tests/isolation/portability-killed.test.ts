import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { beforeAll, expect, test, vi } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { importOrganization } from '#tenancy/portability/import.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import {
  act,
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
let tenant: Caller;
let good: string;
let elsewhere: { here: Record<string, string>; there: Record<string, string> };

beforeAll(async () => {
  [here, there] = [await world.superuser(), await cell.superuser()];
  const [settled, other] = [await world.createOrganization(), await world.createOrganization()];
  for (const each of [settled, other]) await fillTenant(world, each, 'bystander@example.com');
  const to = folder();
  await exportTo(world, settled.id, to);
  await importOrganization(await cell.connect('stockade_admin'), { from: to });

  tenant = await world.createOrganization();
  await fillTenant(world, tenant, 'ada@example.com');
  await postMany(tenant.id);
  await suspend(world, tenant.slug);
  elsewhere = { here: await digests(here, tenant.id), there: await digests(there) };
  good = folder('good');
  await exportTo(world, tenant.id, good);
}, 120_000);

/** Enough that there is time to be killed in. */
async function postMany(orgId: string): Promise<void> {
  await here.query('begin');
  await here.query('select tenancy.enter_as_job($1)', [orgId]);
  await here.query(
    `insert into inventory.entries (org_id, id, kind, occurred_at, recorded_at, actor)
     select $1, inventory.new_id(), 'receipt', now(), now(), 'job' from generate_series(1, 5000)`,
    [orgId],
  );
  await here.query(
    `insert into inventory.movements (org_id, entry_id, line, item_id, location_id, quantity, occurred_at, recorded_at)
     select e.org_id, e.id, 1, i.id, l.id, 2, e.occurred_at, e.recorded_at
     from inventory.entries e
     join inventory.items i on i.org_id = e.org_id and i.sku = 'Ü 日本💡'
     join inventory.locations l on l.org_id = e.org_id and l.code = 'MAIN'
     where e.org_id = $1 and not exists (
       select from inventory.movements m where m.org_id = e.org_id and m.entry_id = e.id
     )`,
    [orgId],
  );
  await here.query('commit');
}

/** Starts a command; it is killed when the moment comes, unless it ended before. Answers whether it was killed. */
async function killed(
  script: string,
  adminUrl: string,
  args: readonly string[],
  moment: () => Promise<unknown>,
): Promise<boolean> {
  const child = spawn(process.execPath, [join(paths.root, 'scripts', script), ...args], {
    env: { ...process.env, DATABASE_URL: adminUrl },
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  await Promise.race([moment(), exited]);
  child.kill('SIGKILL');
  const [, signal] = await exited;
  return signal === 'SIGKILL';
}

/** Until the server has noticed that the command is gone, and has undone what it did. */
async function settled(superuser: Client): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rows } = await superuser.query(
        `select pid from pg_stat_activity where application_name = 'stockade-command' and datname = current_database()`,
      );
      expect(rows).toEqual([]);
    },
    { timeout: 30_000, interval: 20 },
  );
}

/** Until a command is in a statement like this one. */
function reached(superuser: Client, statement: string): () => Promise<unknown> {
  return () =>
    vi.waitFor(
      async () => {
        const { rows } = await superuser.query(
          `select pid from pg_stat_activity
           where application_name = 'stockade-command' and datname = current_database() and query ilike $1`,
          [`%${statement}%`],
        );
        expect(rows).toHaveLength(1);
      },
      { timeout: 20_000, interval: 1 },
    );
}

/** Somewhere between the start of the process and a little after its usual end. */
const anywhere = (longestMs: number) => () => delay(Math.random() * longestMs);

test('an export that is killed leaves nothing that looks like one, and can be made again', async () => {
  const to = folder();
  const moments = [reached(here, 'fetch forward'), ...Array.from({ length: 3 }, () => anywhere(2_500))];
  for (const moment of moments) {
    const target = `${to}-${moments.indexOf(moment)}`;
    if (await killed('org-export.ts', world.adminUrl, ['--org', tenant.slug, '--to', target], moment)) {
      const left = (await readdir(dirname(to))).filter((name) => name.startsWith(basename(target)));
      for (const name of left) {
        // It had its name already, or it has another one.
        if (name === basename(target)) await importable(target);
        else expect(name).toContain('.partial-');
      }
    } else {
      await importable(target);
    }
    await settled(here);
  }
  const again = await exportTo(world, tenant.id, folder());
  expect(again.receipt).toBe((await exportTo(world, tenant.id, folder())).receipt);
  expect(await digests(here, tenant.id)).toEqual(elsewhere.here);
}, 120_000);

async function importable(path: string): Promise<void> {
  const admin = await cell.connect('stockade_admin');
  expect(await outcome(importOrganization(admin, { from: path, dryRun: true }))).toBe('done');
}

test('an import that is killed leaves nothing, and can be made again', async () => {
  const moments = [
    reached(there, 'import_rows'),
    reached(there, 'finish_import'),
    ...Array.from({ length: 3 }, () => anywhere(2_500)),
  ];
  for (const moment of moments) {
    await killed('org-import.ts', cell.adminUrl, ['--from', good], moment);
    await settled(there);
    if (!(await tablesWith(there, tenant.id))['tenancy.organizations']) {
      expect(await digests(there)).toEqual(elsewhere.there);
      continue;
    }
    // It had committed before it was killed: then all of it is there.
    const back = await exportTo(cell, tenant.id, folder());
    expect(back.receipt).toBe((await exportTo(world, tenant.id, folder())).receipt);
    const erased = await act('org-erase.ts', cell.adminUrl, [
      ...['--org', tenant.slug, '--receipt', join(good, 'manifest.json'), '--yes'],
    ]);
    expect(erased.code).toBe(0);
    elsewhere.there = await digests(there);
  }
  expect((await act('org-import.ts', cell.adminUrl, ['--from', good])).code).toBe(0);
}, 120_000);

test('an erasure that is killed leaves everything or nothing', async () => {
  const args = ['--org', tenant.slug, '--receipt', join(good, 'manifest.json'), '--yes'];
  const all = await digests(here);
  const moments = [reached(here, 'erase_organization'), ...Array.from({ length: 3 }, () => anywhere(2_500))];
  for (const moment of moments) {
    await killed('org-erase.ts', world.adminUrl, args, moment);
    await settled(here);
    if ((await tablesWith(here, tenant.id))['tenancy.organizations']) {
      expect(await digests(here)).toEqual(all);
      continue;
    }
    expect(await tablesWith(here, tenant.id)).toEqual({ 'tenancy.erasures': expect.any(Number) });
    await importOrganization(await world.connect('stockade_admin'), { from: good });
    Object.assign(all, await digests(here));
  }
  expect((await act('org-erase.ts', world.adminUrl, args)).code).toBe(0);
  const { 'tenancy.users': _, ...others } = elsewhere.here;
  expect(await digests(here, tenant.id)).toMatchObject(others);
}, 120_000);

test('an export is for the account that made it alone', async () => {
  expect((await stat(good)).mode & 0o777).toBe(0o700);
  for (const file of await readdir(good)) expect((await stat(join(good, file))).mode & 0o777).toBe(0o600);
});
