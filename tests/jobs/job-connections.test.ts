import type { Client, QueryResult } from 'pg';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { copyRows } from '#platform/postgres/copy-rows.ts';
import { isSessionChanged, watchSession } from '#platform/postgres/session-watch.ts';
import { endStatementsAt, isOutOfTime, OutOfTime } from '#platform/postgres/statement-deadline.ts';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import { activeOrganizations, knownOrganizations } from '#tenancy/jobs.ts';
import { type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
let superuser: Client;
let jobs: Client;
let acme: Caller;
beforeAll(async () => {
  superuser = await world.superuser();
  jobs = await world.connect('stockade_jobs');
  acme = await world.createOrganization();
  // A sequence counts what its transaction takes back as well.
  await superuser.query(`
    grant usage on schema public to stockade_jobs;
    create sequence public.attempts;
    create function public.attempt(code text, failures int) returns bigint language plpgsql security definer as $$
    declare made bigint := nextval('public.attempts');
    begin
      if made <= failures then raise exception 'attempt %', made using errcode = code; end if;
      return made;
    end $$`);
});
beforeEach(() => superuser.query('alter sequence public.attempts restart'));

describe('a transaction of a job', () => {
  const attempt = async (code: string, failures: number) => {
    const statement = { text: 'select public.attempt($1, $2)::int as made', values: [code, failures] };
    return await inOrganizationAsJob<{ made: number }>(jobs, acme.id, 'write', statement);
  };
  const made = async () =>
    (await superuser.query("select nextval('public.attempts')::int - 1 as n")).rows[0].n;
  const isIdle = async () =>
    (await jobs.query('select now() = statement_timestamp() as idle')).rows[0].idle as boolean;

  test.each(['40001', '40P01', 'SK201', '23503'])(
    'that meets another one (%s) is tried five times',
    async (code) => {
      expect(await attempt(code, 4)).toEqual([{ made: 5 }]);
      await superuser.query('alter sequence public.attempts restart');
      await expect(attempt(code, 5)).rejects.toMatchObject({ code, message: 'attempt 5' });
      expect([await made(), await isIdle()]).toEqual([5, true]);
    },
  );

  test.each(['22003', '23514', 'SK404', '57014'])('that fails of itself (%s) is tried once', async (code) => {
    await expect(attempt(code, 1)).rejects.toMatchObject({ code, message: 'attempt 1' });
    expect([await made(), await isIdle()]).toEqual([1, true]);
  });

  test('is inside its organization, or outside of all, and is over when it answers', async () => {
    const text = 'select tenancy.current_org() as id';
    expect(await inOrganizationAsJob(jobs, acme.id, 'read', { text })).toEqual([{ id: acme.id }]);
    expect(await inOrganizationAsJob(jobs, undefined, 'read', { text })).toEqual([{ id: null }]);
    expect(await isIdle()).toBe(true);
  });

  test('that reads cannot write, one that writes does', async () => {
    const text = `select pg_catalog.current_setting('transaction_read_only') as "readOnly"`;
    expect(await inOrganizationAsJob(jobs, acme.id, 'read', { text })).toEqual([{ readOnly: 'on' }]);
    expect(await inOrganizationAsJob(jobs, acme.id, 'write', { text })).toEqual([{ readOnly: 'off' }]);
  });
});

test('organizations are read to their end, in pages of a thousand, a full last page as well', async () => {
  await superuser.query(`
    insert into tenancy.organizations (slug, name, status, suspended_at)
    select 'many-' || n, n, case when n % 3 = 0 then 'suspended' else 'active' end,
      case when n % 3 = 0 then now() end
    from generate_series(1, 1999) as n`);
  const idsOf = async (where: string) => {
    const { rows } = await superuser.query<{ id: string }>(
      `select id from tenancy.organizations where ${where} order by id`,
    );
    return rows.map(({ id }) => id);
  };
  const known = await knownOrganizations(jobs);
  // Two full pages: that the second is full does not say that there is a third.
  expect(known).toHaveLength(2_000);
  expect(known).toEqual(await idsOf('true'));
  expect(await activeOrganizations(jobs)).toEqual(await idsOf("status = 'active'"));
  await superuser.query("delete from tenancy.organizations where slug like 'many-%'");
});

describe('rows as COPY writes them', () => {
  /** The first field of a row, a number of four bytes. */
  const numberIn = (bytes: Buffer, start: number) => bytes.readInt32BE(start + 2 + 4);
  const copied = async (query: string, onRow?: (n: number) => void) => {
    const numbers: number[] = [];
    await copyRows(superuser, query, (bytes, start) => {
      const n = numberIn(bytes, start);
      numbers.push(n);
      onRow?.(n);
    });
    return numbers;
  };

  test('are handed out one by one, the first and the last as well, and none of none', async () => {
    expect(await copied('select n from generate_series(1, 5) as n')).toEqual([1, 2, 3, 4, 5]);
    expect(await copied('select 7')).toEqual([7]);
    expect(await copied('select 1 where false')).toEqual([]);
  });

  test('that one cannot be taken fails the whole, with that, and the connection goes on', async () => {
    const seen: number[] = [];
    const failing = copied('select n from generate_series(1, 5) as n', (n) => {
      seen.push(n);
      if (n === 2) throw new Error('no place for 2');
    });
    await expect(failing).rejects.toThrow('no place for 2');
    expect(seen).toEqual([1, 2]);
    expect(await copied('select 1')).toEqual([1]);
  });

  test('of a query that fails are what it has failed of', async () => {
    await expect(copied('select 1 / (3 - n) from generate_series(1, 5) as n')).rejects.toMatchObject({
      code: '22012',
    });
    expect(await copied('select 1')).toEqual([1]);
  });
});

describe('a statement that has a deadline', () => {
  const timeout = async (endsAtMs: number | undefined) => {
    await jobs.query('begin');
    try {
      await endStatementsAt(jobs, endsAtMs);
      const { rows }: QueryResult<{ ms: number }> = await jobs.query(
        "select setting::int as ms from pg_settings where name = 'statement_timeout'",
      );
      return rows[0]?.ms;
    } finally {
      await jobs.query('rollback');
    }
  };

  test('is ended when the time is over, and has what the role has where there is none', async () => {
    const own = (
      await jobs.query("select setting::int as ms from pg_settings where name = 'statement_timeout'")
    ).rows[0].ms;
    expect([await timeout(undefined), await timeout(Number.POSITIVE_INFINITY)]).toEqual([own, own]);
    vi.spyOn(performance, 'now').mockReturnValue(1_000);
    try {
      expect(await timeout(61_000.9)).toBe(60_000);
      for (const over of [1_000.9, 1_000, 0]) await expect(timeout(over)).rejects.toThrow(OutOfTime);
    } finally {
      vi.mocked(performance.now).mockRestore();
    }
    expect(await timeout(undefined)).toBe(own);
  });

  test('was out of time when it says so, and of no other error', async () => {
    await jobs.query('begin');
    await endStatementsAt(jobs, performance.now() + 20);
    const ended = await jobs.query('select pg_sleep(30)').catch((error: unknown) => error);
    await jobs.query('rollback');
    const failed = await jobs.query('select 1 / 0').catch((error: unknown) => error);
    expect([ended, new OutOfTime('x'), failed, new Error('57014'), undefined].map(isOutOfTime)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('a session that is watched', () => {
  const statusOf = async (statements: readonly string[], failure?: unknown) => {
    const client = await world.connect('stockade_jobs');
    watchSession(client);
    let failed = failure;
    for (const statement of statements) {
      await client.query(statement).catch((error: unknown) => {
        failed = error;
      });
    }
    return isSessionChanged(client as never, failed);
  };

  test.each([
    ['a read', ['select 1'], false],
    ['a transaction', ['begin', 'select 1', 'savepoint a', 'release a', 'commit'], false],
    ['a transaction that was taken back', ['begin', 'select 1 / 0', 'rollback'], true],
    ['a transaction that is open', ['begin'], true],
    ['a transaction that has failed', ['begin', "do 'x'"], true],
    ['a setting that clients depend on', ["set timezone = 'Asia/Tokyo'"], true],
    ['a setting that is not told', ["set work_mem = '2MB'"], true],
    ['a listener', ['listen x'], true],
    ['a prepared statement', ['prepare x as select 1'], true],
    ['a refusal of ours', ["select tenancy.enter_as_job('00000000-0000-0000-0000-000000000000')"], false],
    ['an error that is not of ours', ['select 1 / 0'], true],
  ] as const)('%s', async (_, statements, isChanged) => {
    expect(await statusOf(statements)).toBe(isChanged);
  });

  test.each([
    ['SK101', false],
    ['SK902', true],
    ['23505', false],
    ['22003', false],
    ['22012', true],
    ['40P01', false],
    ['57014', true],
  ])('whose work has failed of %s is changed: %s', async (code, isChanged) => {
    const statement = { text: 'select public.attempt($1, 1)', values: [code] };
    const failure = await superuser.query(statement).catch((error: unknown) => error);
    expect(await statusOf(['select 1'], failure)).toBe(isChanged);
  });
});
