import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Client, escapeLiteral } from 'pg';
import { beforeAll, expect, test, vi } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { digests, fillTenant, openFolder, suspend } from '#tests/isolation/portability-world.ts';
import { type Caller, openWorld } from '../world.ts';
import { openCopies } from './restored-copy.ts';

const world = openWorld();
const copyOf = openCopies();
const folder = openFolder();
let tenant: Caller;
let superuser: Client;
let copy: string;

beforeAll(async () => {
  tenant = await world.createOrganization();
  await fillTenant(world, tenant, 'ada@example.com');
  copy = await copyOf(world.adminUrl);
  superuser = await world.superuser();
  await tenant.item('LATE');
  await suspend(world, tenant.slug);
}, 60_000);

async function commandsIn(call: string): Promise<number> {
  const { rows } = await superuser.query(
    `select count(*)::int as n from pg_stat_activity
     where application_name = 'stockade-command' and datname = current_database()
       and query like ${escapeLiteral(`%${call}%`)}`,
  );
  return rows[0].n;
}

test.each([
  ['when it is to erase what there is', 'tenancy.erase_organization', 'select 1'],
  // By then everything is erased, written and proven, and not committed.
  ['with everything written', 'recovery.note_restoration', 'lock table recovery.restorations in share mode'],
])(
  'killed %s, everything is as it was before',
  async (_, call, hold) => {
    const before = await digests(superuser);
    // An open request holds up the erasure, and a locked table the note.
    const holder = await (call.startsWith('tenancy') ? world.connect('stockade_api') : world.superuser());
    await holder.query('begin');
    await holder.query(hold);
    const child = spawn(
      process.execPath,
      [
        join(paths.root, 'scripts/restore-org.ts'),
        ...['--org', tenant.slug, '--from', copy, '--yes', '--keep', folder()],
      ],
      { env: { ...process.env, DATABASE_URL: world.adminUrl }, stdio: 'ignore' },
    );
    const exited = once(child, 'exit');
    await vi.waitFor(async () => expect(await commandsIn(call)).toBe(1), { timeout: 20_000, interval: 20 });
    child.kill('SIGKILL');
    await exited;
    await holder.query('rollback');
    await vi.waitFor(async () => expect(await commandsIn('')).toBe(0), { timeout: 60_000, interval: 20 });
    expect(await digests(superuser)).toEqual(before);
  },
  90_000,
);
