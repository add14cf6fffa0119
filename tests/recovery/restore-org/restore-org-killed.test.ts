import type { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { killWhen, untilGone } from '#tests/commands/kill.ts';
import { digests, fillTenant, openFolder, suspend } from '#tests/isolation/portability/portability-world.ts';
import { type Caller, openWorld } from '../../world.ts';
import { openCopies } from '../restored-copy.ts';

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

/** Fails until the command runs a statement that contains this text. The erasure polls, so it waits for no lock. */
async function inStatement(text: string): Promise<void> {
  const { rows } = await superuser.query(
    `select state from pg_stat_activity
     where application_name = 'stockade-command' and datname = current_database() and query like $1`,
    [`%${text}%`],
  );
  expect(rows).toEqual([{ state: 'active' }]);
}

test.each([
  ['before it erases the organization', 'tenancy.erase_organization', 'select 1'],
  // By then everything is erased, written and proven, but not committed.
  [
    'after it has written everything',
    'recovery.note_restoration',
    'lock table recovery.restorations in share mode',
  ],
])(
  'a command that is killed %s changes nothing',
  async (_, call, hold) => {
    const before = await digests(superuser);
    // An open request delays the erasure, and a locked table delays the note.
    const holder = await (call.startsWith('tenancy') ? world.connect('stockade_api') : world.superuser());
    await holder.query('begin');
    await holder.query(hold);
    const args = ['--org', tenant.slug, '--from', copy, '--yes', '--keep', folder()];
    await killWhen({ script: 'recovery/restore-org.ts', args, adminUrl: world.adminUrl }, () =>
      inStatement(call),
    );
    await holder.query('rollback');
    await untilGone(superuser);
    expect(await digests(superuser)).toEqual(before);
  },
  90_000,
);
