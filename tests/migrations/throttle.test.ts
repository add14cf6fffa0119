import { describe, expect, test } from 'vitest';
import type { MigrateOptions, MigrationEvent } from '#schema/migrations/migrate.ts';
import { openRunnerWorld } from './runner-world.ts';
import { startStandby } from './standby.ts';

const world = openRunnerWorld();
const { connect, put, run, journal, started, until } = world;

const files = {
  '000001_base': `create schema s;
    create table s.things (id int primary key, doubled int);
    insert into s.things select n from generate_series(1, 200) as n;`,
  '000002_doubled': `--! backfill
    select count(*) from s.things where doubled is null;
    with batch as (
      select id from s.things where id > coalesce(($1::jsonb ->> 'id')::int, 0) order by id limit $2
    ),
    filled as (update s.things t set doubled = t.id * 2 from batch b where b.id = t.id returning t.id)
    select
      (select jsonb_build_object('id', max(id)) from batch having max(id) is not null) as checkpoint,
      (select count(*) from batch) as wanted,
      (select count(*) from filled) as filled;`,
};

type Kind<Name> = Extract<MigrationEvent, { kind: Name }>;

/** Applies the backfill and answers what it reported. */
async function fill(
  options: Partial<MigrateOptions> = {},
  onEvent: (event: MigrationEvent) => void | Promise<void> = () => {},
) {
  const events: MigrationEvent[] = [];
  const report = await run({
    ...options,
    onProgress: async (event) => {
      events.push(event);
      await onEvent(event);
    },
  });
  const of = <Name extends MigrationEvent['kind']>(kind: Name) =>
    events.filter((event): event is Kind<Name> => event.kind === kind);
  return { report, of, filled: report.applied.find(({ filled }) => filled)?.filled };
}

test('the first batch is small, and each next one at most twice as large', async () => {
  await put(files);
  const { of, filled } = await fill({ batchTimeMs: 60_000 });
  const [first, second] = of('filling');
  expect(first).toMatchObject({ batchRows: 100, rowsFilled: 100, rowsTotal: 200, resumed: false });
  expect(first?.rowsPerSecond).toBeGreaterThan(0);
  expect(first?.leftMs).toBeGreaterThan(0);
  expect(second).toMatchObject({ batchRows: 200, rowsFilled: 200, leftMs: 0 });
  expect(filled).toMatchObject({ rows: 200, batches: 2, pausedMs: 0 });
});

test('a batch reports how long somebody has waited for its rows', async () => {
  await put(files);
  await run({ target: 1 });
  await world.client.query(`
    create function s.await_waiter() returns trigger language plpgsql as $$ begin
      while exists (select from s.things where id = 101 and doubled is null)
        and not exists (select from pg_locks where waitstart < clock_timestamp() - interval '50 ms') loop
        perform pg_sleep(0.005);
      end loop;
      return null;
    end $$;
    create trigger await_waiter after update on s.things for each statement
      when (current_user = 'stockade_owner') execute function s.await_waiter()`);
  const filling = fill();
  await until(`select from pg_stat_activity
    where datname = current_database() and application_name = 'stockade-migrate' and wait_event = 'PgSleep'`);
  const other = await connect();
  await other.query('update s.things set doubled = 2 where id = 1');
  await other.end();
  const { of, filled } = await filling;
  expect(of('filling')[0]?.othersWaitedMs).toBeGreaterThanOrEqual(50);
  expect(filled?.othersWaitedMs).toBeGreaterThanOrEqual(50);
});

describe('a pause', () => {
  const old = 'begin; select pg_current_xact_id()';

  test('lasts while a transaction is open for longer than the limit, says whose, and counts', async () => {
    await put(files);
    await run({ target: 1 });
    const other = await connect();
    await other.query(old);
    const { rows } = await other.query('select pg_backend_pid() as pid');
    const { of, filled } = await fill({ maxTransactionAgeMs: 1 }, async (event) => {
      if (event.kind === 'pausing') await other.query('rollback');
    });
    await other.end();
    expect(of('pausing')).toMatchObject([
      {
        name: '000002_doubled',
        reason: expect.stringMatching(
          new RegExp(
            `^pid ${rows[0].pid} \\(user .*, idle in transaction\\) has had a transaction open for \\d+ ms$`,
          ),
        ),
      },
    ]);
    expect(filled?.pausedMs).toBeGreaterThan(0);
    expect(await journal()).toEqual(Object.keys(files));
  });

  test('lasts while a replica has WAL to replay, and says which', async () => {
    await put(files);
    const { rows } = await world.client.query('select pg_current_wal_lsn()::text as lsn');
    await run({ target: 1 });
    const standby = await startStandby(world.database.url, rows[0].lsn);
    await until(`select from pg_stat_replication where application_name = 'lazy' and replay_lsn is not null`);
    const { of } = await fill({ maxReplicaLagBytes: 1 }, async (event) => {
      if (event.kind !== 'pausing' || !event.reason.includes('lazy')) return;
      await standby.stop();
      await until(
        `select where not exists (select from pg_stat_replication where application_name = 'lazy')`,
      );
    });
    expect(of('pausing')).toContainEqual(
      expect.objectContaining({
        reason: expect.stringMatching(/^the replica lazy \(127\.0\.0\.1\) has \d+ MB of WAL to replay$/),
      }),
    );
    expect(await journal()).toEqual(Object.keys(files));
  });

  test('that lasts too long stops the run; the next run continues', async () => {
    await put(files);
    await run({ target: 1 });
    await world.client.query(old);
    const limits = { maxTransactionAgeMs: 1, maxPauseMs: 20 };
    await expect(fill(limits)).rejects.toMatchObject({
      message: expect.stringMatching(
        /^000002_doubled\.sql has paused for \d+ ms: pid \d+ .* has had a transaction open/,
      ),
      remedy: expect.stringContaining('Run again'),
    });
    await world.client.query('rollback');
    expect(await started()).toEqual([]);
    await fill(limits);
    expect(await journal()).toEqual(Object.keys(files));
  });

  test('ends when the run is stopped', async () => {
    await put(files);
    await run({ target: 1 });
    await world.client.query(old);
    const stop = new AbortController();
    const stopped = fill({ maxTransactionAgeMs: 1, signal: stop.signal }, (event) => {
      if (event.kind === 'pausing') stop.abort();
    });
    await expect(stopped).rejects.toThrow(/abort/i);
    await world.client.query('rollback');
  });

  test('is not made for a transaction that only sleeps, or is in another database', async () => {
    await put(files);
    const other = await connect();
    await other.query('begin');
    const { of } = await fill({ maxTransactionAgeMs: 1 });
    await other.end();
    expect(of('pausing')).toEqual([]);
  });
});
