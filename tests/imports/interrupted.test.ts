import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { openCommand, someLines } from './command-world.ts';
import { onHand } from './engine.ts';

const world = openCommand();
const { database, write, type } = world;
const script = join(paths.root, 'scripts/ledger/import.ts');

function start(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [script, '--database-url', database.url, ...args], {
    cwd: world.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function ended(child: ChildProcess) {
  const [out, err, [code]] = await Promise.all([
    readText(child.stdout as NodeJS.ReadableStream & AsyncIterable<Buffer>),
    readText(child.stderr as NodeJS.ReadableStream & AsyncIterable<Buffer>),
    once(child, 'exit'),
  ]);
  return { out, err, code: code as number | null };
}

describe('interrupted', () => {
  const expectAllOnce = async (file: string, given: ReturnType<typeof someLines>, count: number) => {
    const { out, code } = await type(file, ...options());
    expect(code).toBe(0);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ finished: true, lines: count, rejected: given.bad });
    expect(report.applied + report.alreadyApplied).toBe(count - given.bad);
    expect(await onHand(database, world.org.slug)).toEqual(given.onHand);
    const rejects = await readFile(`${file}.rejects.csv`, 'utf8');
    expect(rejects.trimEnd().split('\n')).toHaveLength(given.bad + 1);
    expect((await readdir(world.folder)).filter((name) => name.endsWith('.partial'))).toEqual([]);
    return report;
  };
  const options = () => [
    '--profile',
    world.profile,
    '--org',
    world.org.slug,
    '--create-items',
    '--batch-lines',
    '100',
    '--json',
  ];

  /** Listens for committed batches; `seen` resolves with the one that was asked for. */
  async function listenForBatch(number: number): Promise<{ readonly seen: Promise<void> }> {
    const listener = await database.superuser();
    let count = 0;
    const seen = new Promise<void>((resolve) => {
      listener.on('notification', () => {
        count += 1;
        if (count === number) resolve();
      });
    });
    await listener.query('listen batch');
    return { seen };
  }

  beforeAll(async () => {
    await database.ask(`
      create function public.tell() returns trigger language plpgsql
      as $$ begin perform pg_notify('batch', new.lines_through::text); return null; end $$;
      create trigger tell after update on inventory.imports for each row execute function public.tell();
    `);
  });

  test('kill -9 again and again, and the same command once more: no line twice, none lost', async () => {
    const given = someLines(1_000);
    const file = await write('killed.csv', given.text);
    const holder = await database.superuser();
    await holder.query('select pg_advisory_lock(4712)');
    const progress = async () => {
      const [row] = await database.ask(
        'select lines_through::int as through, applied::int from inventory.imports where org_id = $1',
        [world.org.id],
      );
      return row;
    };
    for (const most of [150, 550, 850]) {
      // A batch that passes so many lines waits: all of it is written, and nothing is committed.
      await database.ask(`
        create or replace function public.hold() returns trigger language plpgsql as $$ begin
          if new.lines_through > ${most} then perform pg_advisory_xact_lock_shared(4712); end if;
          return null;
        end $$;
        create or replace trigger hold after update on inventory.imports for each row execute function public.hold();
      `);
      const child = start(file, ...options());
      const exited = once(child, 'exit');
      const isHeld = `from pg_stat_activity where datname = current_database() and wait_event = 'advisory'`;
      await until(async () => (await database.ask(`select pid ${isHeld}`)).length > 0);
      child.kill('SIGKILL');
      expect(await exited).toEqual([null, 'SIGKILL']);
      await database.ask(`select pg_terminate_backend(pid, 10000) ${isHeld}`);
      const { through } = await progress();
      // A batch ends with the entry that its hundredth line belongs to.
      expect([most, through > most - 105 && through <= most]).toEqual([most, true]);
    }
    await holder.query('select pg_advisory_unlock(4712)');
    await database.ask('drop trigger hold on inventory.imports; drop function public.hold()');
    const { applied } = await progress();
    const report = await expectAllOnce(file, given, 1_000);
    expect(report).toMatchObject({ alreadyApplied: applied, applied: 1_000 - given.bad - applied });
  });

  test('kill -9 in the middle of a batch leaves nothing of it', async () => {
    const given = someLines(1_000);
    const file = await write('halfway.csv', given.text);
    const holder = await database.superuser();
    await holder.query('select pg_advisory_lock(4711)');
    await database.ask(`
      create function public.wait() returns trigger language plpgsql
      as $$ begin
        if (select count(*) from inventory.entries) > 100 then perform pg_advisory_xact_lock(4711); end if;
        return null;
      end $$;
      create trigger wait after insert on inventory.movements for each statement execute function public.wait();
    `);
    const child = start(file, ...options());
    await until(async () => {
      const waiting = await database.ask(
        `select from pg_locks l join pg_database d on d.oid = l.database
         where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`,
      );
      return waiting.length > 0;
    });
    const [{ through }] = await database.ask(
      'select max(lines_through)::int as through from inventory.imports where org_id = $1',
      [world.org.id],
    );
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    expect(await exited).toEqual([null, 'SIGKILL']);
    await holder.query('select pg_advisory_unlock(4711)');
    const report = await expectAllOnce(file, given, 1_000);
    // What was committed before; nothing of the batch that was at work.
    expect(report.alreadyApplied).toBeLessThan(through);
    expect(report.alreadyApplied).toBeGreaterThanOrEqual(through - 20);
    await database.ask('drop trigger wait on inventory.movements; drop function public.wait()');
  });

  test('Ctrl-C ends after the current batch with exit code 130, and says how to continue', async () => {
    const given = someLines(4_000);
    const file = await write('stopped.csv', given.text);
    const batch = await listenForBatch(2);
    const child = start(file, ...options().slice(0, -1));
    const end = ended(child);
    await batch.seen;
    child.kill('SIGINT');
    const { out, code } = await end;
    expect(code).toBe(130);
    expect(out).toContain('Stopped.');
    expect(out).toContain('Run the same command again to continue');
    expect(await readdir(world.folder)).not.toContain('stopped.csv.rejects.csv');
    const report = await expectAllOnce(file, given, 4_000);
    expect(report.applied).toBeGreaterThan(0);
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}
