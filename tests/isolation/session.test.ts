import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { closeDatabase, withConnection } from '#platform/database.ts';
import { environment } from '#platform/environment.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { type Clone, cloneDatabase } from '#scripts/prove/clone.ts';

const deadlineMs = 700;
let clone: Clone;

beforeAll(async () => {
  clone = await cloneDatabase(inject('clusterUrl'), inject('templateDatabase'));
  process.env[environment.databaseUrl] = loginUrl(clone.url, 'stockade_api');
  process.env[environment.databaseMaxConnections] = '1';
  process.env[environment.databaseDeadlineMs] = String(deadlineMs);
});

afterAll(() => clone[Symbol.asyncDispose]());

afterEach(closeDatabase);

const run = (text: string) => withConnection((client) => client.query(text));

async function session(): Promise<number> {
  return (await run('select pg_backend_pid() as pid')).rows[0].pid;
}

describe('the next request gets the same session', () => {
  test.each([
    ['ordinary statements', ['begin; select 1; commit']],
    ['a refusal of ours', ['begin', `call tenancy.enter_with_key('x', '', 'read', '{}')`, 'rollback']],
  ])('after %s', async (_, statements) => {
    const before = await session();
    await withConnection(async (client) => {
      for (const text of statements) await client.query(text).catch(() => {});
    });
    expect(await session()).toBe(before);
  });
});

describe('the next request gets a session of its own', () => {
  test.each([
    ['SET', 'set work_mem = 100'],
    ['SET of a transaction that is left open', 'begin; set local work_mem = 100'],
    ['RESET', 'reset all'],
    ['PREPARE', 'prepare p as select 1'],
    ['LISTEN', 'listen a'],
    ['DECLARE', 'declare c cursor with hold for select 1'],
    ['an open transaction', 'begin'],
    ['SET between ordinary statements', 'select 1; set datestyle = german; select 2'],
    ['an error that is none of ours', 'select 1 / 0'],
  ])('after %s', async (_, text) => {
    const before = await session();
    await run(text).catch(() => {});
    expect(await session()).not.toBe(before);
  });
});

describe('work that exceeds its deadline', () => {
  beforeEach(session);

  const catchesItsOwnEnd = `
    set statement_timeout = 0;
    do $$ begin
      loop
        begin
          perform pg_sleep(600);
        exception when query_canceled then null;
        end;
      end loop;
    end $$`;
  const open =
    'grant usage on language plpgsql to public; grant execute on function pg_terminate_backend to public;';
  const openStatistics = 'grant execute on function pg_stat_get_activity to public';

  test.each([
    ['is cancelled where nothing can catch that', '', 'set statement_timeout = 0; select pg_sleep(600)'],
    ['is ended where the core’s functions are everybody’s', `${open}${openStatistics}`, catchesItsOwnEnd],
  ])('%s, and the caller is told', async (_, privileges, text) => {
    if (privileges) await clone.run(privileges);
    const startedMs = performance.now();
    await expect(run(text)).rejects.toMatchObject({ code: 'timeout', status: 503 });
    expect(performance.now() - startedMs).toBeLessThan(deadlineMs + 3_000);
    await expect
      .poll(() =>
        clone.run(
          `select from pg_stat_activity where datname = current_database()
             and query ~ 'pg_sleep\\(600\\)' and state = 'active' and pid <> pg_backend_pid()`,
        ),
      )
      .toBe(0);
    await session();
  });
});
