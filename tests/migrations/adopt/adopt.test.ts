import type { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { isolationText } from '#scripts/migrate/isolation/report.ts';
import { addOrganization } from '#tenancy/organizations.ts';
import { type ApplicationWorld, type Fixture, openApplication } from './application-world.ts';
import { type Entry, enter, keyOf } from './entry.ts';
import { type Program, programs } from './programs.ts';

const fixtures: readonly Fixture[] = ['shop', 'tracker', 'prisma'];

test.for(fixtures)('%s: the application works at every step, and behind the wall', async (fixture) => {
  await using world = await openApplication(fixture, inject('clusterUrl'));
  const program = programs[fixture];
  const { tables, work } = program;
  const application = await world.connect();
  await expectPlainLogin(application);
  let n = 0;
  await work(application, n);

  // One of them asks to keep what plans tell; the lint then accepts it.
  const { lastBeforeContract } = await world.write({ keepStatistics: fixture === 'tracker' });
  const steps: string[] = [];
  const onProgress = async (event: { kind: string; name?: string }) => {
    if (event.kind !== 'applied') return;
    n += 1;
    await work(application, n);
    steps.push(event.name ?? '');
  };
  await world.migrate({ target: lastBeforeContract, onProgress });
  expect(steps.length).toBeGreaterThan(20);
  if (program.signUp) await application.query(program.signUp);
  await world.migrate();
  expect(isolationText(await world.lint())).toMatch(/^No faults/);

  const organizations = await organizationsOf(world, fixture);
  expect(organizations).toHaveLength(program.signUp ? 3 : 2);
  const seen: number[][] = [];
  for (const entry of organizations) {
    await enter(application, entry, 'write');
    n += 1;
    await work(application, n);
    await application.query('commit');
    await enter(application, entry, 'read');
    seen.push(await countRows(application, tables));
    await application.query('rollback');
  }
  // Each row is seen by one organization, and by no transaction that has entered none.
  const sum = tables.map((_, index) => seen.reduce((total, counts) => total + (counts[index] ?? 0), 0));
  expect(sum).toEqual(await countVisible(world.admin, fixture, tables));
  expect(await countRows(application, tables)).toEqual(tables.map(() => 0));
  await expectWall(application, program, organizations);
});

/** No statement of one organization reaches a row of another. */
async function expectWall(
  application: Client,
  { tables, secret, reaching }: Program,
  [mine, other]: readonly Entry[],
): Promise<void> {
  if (!mine || !other) throw new Error('there are two organizations');
  await enter(application, mine, 'write');
  const { rows } = await application.query(secret);
  await application.query('commit');

  for (const statement of reaching) {
    await enter(application, mine, 'write');
    await application.query(statement.replace('stolen', 'own'), [rows[0].id]);
    await application.query('rollback');
    await enter(application, other, 'write');
    await application.query('savepoint before');
    const reached = await application.query(statement, [rows[0].id]).then(
      ({ rowCount }) => rowCount,
      (error) => error.code,
    );
    // The other organization may have no row to update; otherwise the key refuses.
    expect(reached === 0 || reached === '23503', `${statement}: ${reached}`).toBe(true);
    await application.query('rollback');
  }
  for (const table of tables) {
    await enter(application, other, 'write');
    await expect(
      application.query(`insert into ${table} (org_id) values ($1)`, [mine.id]),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/row-level security/),
    });
    await application.query('rollback');
  }
  await expect(application.query('set role stockade_owner')).rejects.toMatchObject({ code: '42501' });
}

/** A superuser skips policies and proves nothing. */
async function expectPlainLogin(client: Client): Promise<void> {
  const { rows } = await client.query(
    'select rolsuper, rolbypassrls, session_user = current_user as same from pg_roles where rolname = current_user',
  );
  expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, same: true }]);
}

/** Every organization of the database. The shop has one, and gets another. */
async function organizationsOf(world: ApplicationWorld, fixture: Fixture): Promise<Entry[]> {
  await world.admin.query('set role stockade_admin');
  if (fixture === 'shop') await addOrganization(world.admin, { slug: 'second', name: 'Second shop' });
  const { rows } = await world.admin.query<{ id: string }>(
    'select id from tenancy.organizations order by slug',
  );
  const entries: Entry[] = [];
  for (const { id } of rows) entries.push(await keyOf(world.admin, id));
  await world.admin.query('reset role');
  return entries;
}

async function countRows(client: Client, tables: readonly string[]): Promise<number[]> {
  const counts: number[] = [];
  for (const table of tables) {
    const { rows } = await client.query(`select count(*)::integer as count from ${table}`);
    counts.push(rows[0].count);
  }
  return counts;
}

/** What a superuser counts, without the comments that the tracker's own policy keeps back. */
async function countVisible(admin: Client, fixture: Fixture, tables: readonly string[]): Promise<number[]> {
  const counts = await countRows(admin, tables);
  if (fixture !== 'tracker') return counts;
  const { rows } = await admin.query('select count(*)::integer as count from work.comments where is_removed');
  expect(rows[0].count).toBe(1);
  return counts.map((count, index) => (tables[index] === 'work.comments' ? count - 1 : count));
}
