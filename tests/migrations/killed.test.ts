import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { paths } from '#scripts/paths.ts';
import { openRunnerWorld } from './runner-world.ts';

const world = openRunnerWorld();
const { put, run, journal, started } = world;

const book = {
  '000001_base': `create schema s;
    create table s.things (id int primary key, doubled int);
    insert into s.things select n from generate_series(1, 25) as n;`,
  '000002_indexes': `--! concurrently
    create index concurrently things_doubled on s.things (doubled);
    create unique index concurrently things_both on s.things (id, doubled);`,
  '000003_doubled': `--! backfill
    select count(*) from s.things where doubled is null;
    with batch as (
      select id from s.things where id > coalesce(($1::jsonb ->> 'id')::int, 0) order by id limit $2
    ),
    filled as (update s.things t set doubled = t.id * 2 from batch b where b.id = t.id returning t.id)
    select
      (select jsonb_build_object('id', max(id)) from batch having max(id) is not null) as checkpoint,
      (select count(*) from batch) as wanted,
      (select count(*) from filled) as filled;`,
  '000004_contract': `--! contract
    alter table s.things add check (doubled is not null) not valid;`,
  's/sum': `--! needs 000001_base
    create or replace function s.total() returns bigint language sql as 'select sum(doubled) from s.things';`,
};

/** Runs the book in a process that kills itself when it reports its nth event. */
async function runUntilEvent(n: number): Promise<'killed' | 'finished'> {
  const runner = JSON.stringify(join(paths.root, 'layers/schema/migrations/migrate.ts'));
  const options = { connectionString: world.database.url, directory: world.directory, backfillBatch: 10 };
  const program = `import { migrate } from ${runner};
    let left = ${n};
    await migrate({ ...${JSON.stringify(options)}, onProgress: () => {
      left -= 1;
      if (left === 0) process.kill(process.pid, 'SIGKILL');
    } });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' });
  const [code, signal] = await once(child, 'exit');
  expect([code, signal]).toEqual(signal ? [null, 'SIGKILL'] : [0, null]);
  return signal ? 'killed' : 'finished';
}

test('killed at some step, again and again, the next runs end with what one run makes', async () => {
  await put(book);
  const steps: number[] = [];
  // A run that is killed at its second event, when it begins a file, comes no further.
  do steps.push(3 + Math.floor(Math.random() * 4));
  while ((await runUntilEvent(steps.at(-1) ?? 2)) === 'killed' && steps.length < 30);
  const context = `killed after these numbers of events: ${steps.join(', ')}`;
  expect(steps.length, context).toBeGreaterThan(2);
  expect(await journal(), context).toEqual(Object.keys(book).filter((name) => !name.includes('/')));
  expect(await started(), context).toEqual([]);
  const { rows } = await world.client.query(
    `select s.total() as total, count(*)::int as rows,
       (select count(*)::int from pg_index where indrelid = 's.things'::regclass and indisvalid) as indexes,
       (select count(*)::int from pg_index where indrelid = 's.things'::regclass and not indisvalid) as invalid
     from s.things`,
  );
  expect(rows, context).toEqual([{ total: '650', rows: 25, indexes: 3, invalid: 0 }]);
  expect(await run(), context).toMatchObject({ applied: [], functions: { applied: [], pending: [] } });
});
