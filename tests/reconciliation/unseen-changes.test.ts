import type { Client } from 'pg';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { readTriggerHistory, triggerFaults } from '#audit/reconciliation/triggers.ts';
import { migrate } from '#schema/migrations/migrate.ts';
import { paths } from '#scripts/paths.ts';
import { openBooks } from './books.ts';

/** Triggers that are switched off and on again while the event trigger is off: nothing notes it, and it is found. */

const books = openBooks();
const trigger = 'append_only on inventory.movements';
let superuser: Client;
const alter = (how: string) => `alter table inventory.movements ${how} trigger append_only`;
const silently = [
  'alter event trigger stockade_watch_triggers disable',
  alter('disable'),
  alter('enable always'),
  'alter event trigger stockade_watch_triggers enable always',
];

const run = async (...statements: readonly string[]) => {
  for (const statement of statements) await superuser.query(statement);
};
const faults = () => triggerFaults(books.jobs);
const migrateAgain = () => migrate({ connectionString: books.world.adminUrl, directory: paths.migrations });

beforeAll(async () => {
  superuser = books.superuser;
  expect(await faults()).toEqual([]);
});
afterEach(async () => {
  await migrateAgain();
  expect(await faults()).toEqual([]);
});

test('a trigger that was off for a moment is found, nothing is sealed, and migrating takes note of it', async () => {
  const acme = await books.organization();
  await run(...silently);
  expect(await faults()).toEqual([{ trigger, fault: 'changed unseen' }]);
  expect((await readTriggerHistory(books.jobs)).knownSince).toBeUndefined();
  expect(await books.reconcile(acme)).toMatchObject({ found: 0, clean: false });
  await migrateAgain();
  expect(await faults()).toEqual([]);
  expect(await books.reconcile(acme)).toMatchObject({ found: 0, clean: true });
});

test('a later command that is noted does not hide it', async () => {
  await run(...silently);
  await run(
    'alter table inventory.movements disable trigger append_only_rows',
    'alter table inventory.movements enable always trigger append_only_rows',
  );
  expect(await faults()).toEqual([{ trigger, fault: 'changed unseen' }]);
});

test('a function that was replaced for a moment is found at each of its triggers', async () => {
  const { rows } = await superuser.query<{ definition: string }>(
    `select pg_get_functiondef('inventory.apply_movements'::regproc) as definition`,
  );
  await run('alter event trigger stockade_watch_triggers disable', rows[0]?.definition ?? '');
  await run('alter event trigger stockade_watch_triggers enable always');
  expect(await faults()).toEqual([
    { trigger: 'apply_movements on inventory.movements', fault: 'changed unseen' },
  ]);
});

test('what the watch sees is no unseen change: in a transaction, in a part of one, and while others write', async () => {
  const other = await books.world.superuser();
  await run('begin', alter('disable'), 'savepoint part', alter('enable always'));
  await other.query('create table public.later (n integer)');
  await run('savepoint another', alter('disable'), alter('enable always'), 'commit');
  await other.query('drop table public.later');
  await run(`do $$ begin
    begin
      ${alter('disable')};
      ${alter('enable always')};
    exception when others then raise;
    end;
  end $$`);
  await run('vacuum (freeze) pg_trigger', 'vacuum (full) pg_trigger');
  expect(await faults()).toEqual([]);
});

test('a command that leaves the triggers as they were last noted is not noted', async () => {
  const notes = async () => {
    const { rows } = await superuser.query<{ command: string }>(
      'select command from inventory.trigger_changes order by id',
    );
    return rows.map(({ command }) => command);
  };
  const before = await notes();
  await run(alter('disable'), 'create table public.later (n integer)', 'drop table public.later');
  await run(alter('enable always'));
  expect((await notes()).slice(before.length)).toEqual(['ALTER TABLE', 'ALTER TABLE']);
});
