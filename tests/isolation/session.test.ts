import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { environment } from '#platform/environment.ts';
import { log } from '#platform/log.ts';
import { closeDatabase, withConnection } from '#platform/postgres/database.ts';
import { endSession } from '#platform/postgres/end-session.ts';
import { type LoginRole, loginUrl } from '#scripts/local/logins.ts';
import { asSuperuser, type Clone, cloneDatabase } from '../prove/clone.ts';

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

/** With these privileges, a role can find its own sessions and end them. */
const ending = 'function pg_terminate_backend, pg_stat_get_activity';

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
  test.each([
    ['is cancelled where nothing can catch that', '', 'set statement_timeout = 0; select pg_sleep(600)'],
    [
      'is ended where the core’s functions are everybody’s',
      `grant usage on language plpgsql to public; grant execute on ${ending} to public`,
      catchesItsOwnEnd,
    ],
  ])('%s, and the caller gets an error', async (_, privileges, text) => {
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

  test('is reported to the caller also when nothing can end it, and that is logged', async () => {
    const name = new URL(clone.url).pathname.slice(1);
    const error = vi.spyOn(log, 'error').mockImplementation(() => {});
    await clone.run(`alter database ${name} connection limit 1`);
    try {
      const endless = run('set statement_timeout = 0; select pg_sleep(600)');
      await expect(endless).rejects.toMatchObject({ code: 'timeout', status: 503 });
      expect(error.mock.calls).toContainEqual([
        'a session that exceeded its deadline could not be ended',
        expect.objectContaining({ code: '53300' }),
      ]);
    } finally {
      error.mockRestore();
      await clone.run(
        `alter database ${name} connection limit -1;
         select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and usename = 'stockade_api'`,
      );
    }
  });
});

describe('to end a session', () => {
  const clients: Client[] = [];
  beforeEach(() => clone.run(`grant execute on ${ending} to public`));
  afterEach(async () => {
    await clone.run(`revoke execute on ${ending} from public`);
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})));
  });

  async function connect(role: LoginRole = 'stockade_api'): Promise<Client & { readonly processID: number }> {
    const client = new Client(loginUrl(clone.url, role));
    client.on('error', () => {});
    await client.connect();
    clients.push(client);
    return client as Client & { readonly processID: number };
  }
  const config = () => ({ connectionString: loginUrl(clone.url, 'stockade_api') });
  const alive = (sessions: Record<string, { readonly processID: number }>) =>
    asSuperuser(clone.url, async (superuser) => {
      const { rows } = await superuser.query('select pid from pg_stat_activity where pid = any ($1)', [
        Object.values(sessions).map(({ processID }) => processID),
      ]);
      const pids = rows.map(({ pid }) => pid);
      return Object.keys(sessions).filter((name) => pids.includes(sessions[name]?.processID));
    });

  test('ends every one of its role whose transaction has run too long, and no other', async () => {
    const [old, asOld, young, idle, otherRole] = [
      await connect(),
      await connect(),
      await connect(),
      await connect(),
      await connect('stockade_admin'),
    ];
    for (const client of [old, asOld, otherRole]) await client.query('begin');
    // What is too long is longer than a connection takes.
    await old.query('select pg_sleep(1)');
    await young.query('begin');
    expect(await endSession(old, config(), 950)).toBe('terminated');
    await expect
      .poll(() => alive({ old, asOld, young, idle, otherRole }))
      .toEqual(['young', 'idle', 'otherRole']);
  });

  test('that has ended by itself meanwhile ends nobody else', async () => {
    const [gone, neighbour] = [await connect(), await connect()];
    await asSuperuser(clone.url, async (superuser) => {
      await superuser.query('begin; lock table tenancy.context_keys in access exclusive mode');
      const waits = neighbour
        .query(`set stockade.context = 'x'; select tenancy.current_org()`)
        .catch(({ code }) => code);
      await superuser.query('select pg_terminate_backend($1, 5000)', [gone.processID]);
      expect(await endSession(gone, config(), 3_600_000)).toBe('cancelled');
      await superuser.query('rollback');
      expect(await waits).toBe('SK901');
    });
    expect(await alive({ gone, neighbour })).toEqual(['neighbour']);
  });

  test('fails when the server cannot be reached for it, and the session is of no use any more', async () => {
    const client = await connect();
    const config = { connectionString: 'postgres://stockade_api@127.0.0.1:1/none' };
    await expect(endSession(client, config, 0)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(client.query('select')).rejects.toThrow();
  });
});
