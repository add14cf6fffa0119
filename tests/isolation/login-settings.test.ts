import type { Socket } from 'node:net';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest';
import { environment } from '#platform/environment.ts';
import { log } from '#platform/log.ts';
import { closeDatabase, withConnection } from '#platform/postgres/database.ts';
import { loginSettings } from '#platform/postgres/login-settings.ts';
import { keepLogins } from '#scripts/local/keep-logins.ts';
import { loginUrl, setLogins } from '#scripts/local/logins.ts';
import { seedOf } from '#tests/prepared-cluster.ts';
import { asSuperuser } from '#tests/prove/clone.ts';
import { type ProvingCluster, startProvingCluster } from '#tests/prove/cluster.ts';

// Settings of roles belong to a whole server: on a shared one, other files would meet what is changed here.
let server: ProvingCluster;
let url: string;
let database: string;

beforeAll(async () => {
  server = await startProvingCluster(seedOf(inject('preparedCluster')));
  url = new URL(server.template, server.clusterUrl).href;
  database = escapeIdentifier(server.template);
  process.env[environment.databaseUrl] = loginUrl(url, 'stockade_api');
  process.env[environment.databaseMaxConnections] = '1';
});

afterAll(() => server?.[Symbol.asyncDispose]());

const error = vi.spyOn(log, 'error');
beforeEach(() => {
  error.mockReset();
});
afterEach(closeDatabase);

/** Statements that were injected into a session of the role, before anybody has changed it. */
async function injected(statements: readonly string[]): Promise<void> {
  const session = new Client(loginUrl(url, 'stockade_api'));
  session.on('error', () => {});
  await session.connect();
  for (const statement of statements) await session.query(statement);
  await session.end();
}

/** What each login role begins its sessions with, in this database and in all. */
function stored(): Promise<Record<string, readonly string[]>> {
  return asSuperuser(url, async (superuser) => {
    const { rows } = await superuser.query<{ role: string; settings: string[] }>(`
      select setrole::regrole::text || case when setdatabase <> 0 then ' in one database' else '' end as role,
        array(select s from unnest(setconfig) as s where s !~ '^(temp_file_limit|seed|transaction_(read_only|isolation|deferrable))=' order by s) as settings
      from pg_db_role_setting`);
    return Object.fromEntries(
      rows.filter(({ settings }) => settings.length > 0).map(({ role, settings }) => [role, settings]),
    );
  });
}

/** The settings of a session that come from its role. */
const ownSettings = `
  select name, setting from pg_settings where source in ('user', 'database user') and name !~ '^(temp_file_limit|seed|transaction_(read_only|isolation|deferrable))$'
  order by name`;

const request = (text: string) => withConnection((client) => client.query(text));

test('the roles begin their sessions with what connections expect of them', async () => {
  expect(await stored()).toEqual(loginSettings);
});

test('every setting that a role can change for its later sessions is as it was before the next request', async () => {
  const before = (await request(ownSettings)).rows;
  await closeDatabase();
  const changes = await asSuperuser(url, async (superuser) => {
    const { rows } = await superuser.query<{ name: string; value: string }>(`
      select name, setting as value from pg_settings where context = 'user'
      union all
      select name, case vartype
          when 'bool' then case setting when 'on' then 'off' else 'on' end
          when 'enum' then (enumvals)[case when setting = enumvals[1] then array_upper(enumvals, 1) else 1 end]
          when 'string' then case when setting = '' then 'x' else '' end
          else case when setting = min_val then max_val else min_val end
        end as value
      from pg_settings
      where context = 'user'`);
    return rows;
  });
  const taken: string[] = [];
  await asSuperuser(url, async (superuser) => {
    await superuser.query('set session authorization stockade_api');
    for (const place of ['', ` in database ${database}`]) {
      for (const { name, value } of changes) {
        const statement = `alter role stockade_api${place} set ${name} = ${escapeLiteral(value)}`;
        await superuser.query(statement).then(
          () => taken.push(statement),
          () => {},
        );
      }
    }
  });
  expect(taken.length).toBeGreaterThan(200);
  expect((await request(ownSettings)).rows).toEqual(before);
  expect(await stored()).toEqual(loginSettings);
  expect(error).toHaveBeenCalledWith(
    'a role had changed its own settings, and has those of this release again',
    expect.objectContaining({ role: 'stockade_api' }),
  );
  // Some settings last no longer than the login, but nobody except a superuser gets rid of them.
  await asSuperuser(url, (superuser) =>
    superuser.query(
      `alter role stockade_api reset all; alter role stockade_api in database ${database} reset all`,
    ),
  );
  await closeDatabase();
  await request('select');
}, 60_000);

test.each([
  `statement_timeout = '1ms'`,
  `transaction_timeout = '1ms'`,
  `default_transaction_read_only = on`,
  `synchronous_commit = off`,
  `role = pg_monitor`,
  `session_authorization = stockade_jobs`,
  `local_preload_libraries = 'nowhere'`,
])('set %s for good, and the next request works as before', async (setting) => {
  const refused = await injected([`alter role current_user set ${setting}`]).then(
    () => undefined,
    (reason) => reason,
  );
  if (refused) return expect(refused).toMatchObject({ code: expect.stringMatching(/^(42704|22023|42501)$/) });
  const { rows } = await request(
    `select current_user as "user", current_setting('statement_timeout') as timeout,
       current_setting('default_transaction_read_only') as "readOnly", current_setting('synchronous_commit') as commit`,
  );
  expect(rows).toEqual([{ user: 'stockade_api', timeout: '15s', readOnly: 'off', commit: 'on' }]);
  expect(await stored()).toEqual(loginSettings);
});

test('a setting of many megabytes is as it was before the next request, and is not read as a whole', async () => {
  await injected([
    `set statement_timeout = 0`,
    `alter role current_user set application_name = '${'x'.repeat(5_000_000)}'`,
  ]);
  let read = 0;
  const { rows } = await withConnection(async (client) => {
    read = (client as unknown as { connection: { stream: Socket } }).connection.stream.bytesRead;
    return await client.query(`select current_setting('application_name') as name`);
  });
  expect(rows).toEqual([{ name: expect.not.stringContaining('xx') }]);
  expect(read).toBeLessThan(100_000);
  expect(await stored()).toEqual(loginSettings);
});

test('a role that has thrown away its limits has them again', async () => {
  await injected(['alter role current_user reset all']);
  const { rows } = await request(`select current_setting('statement_timeout') as timeout`);
  expect(rows).toEqual([{ timeout: '15s' }]);
});

test('a role that has changed its password logs in again soon, and nobody else gets another one', async () => {
  await injected([`alter role current_user password 'mine'`]);
  await expect(request('select')).rejects.toMatchObject({ code: 'unavailable', status: 503 });
  expect(error).toHaveBeenCalledWith('the database refuses the password of the role', expect.anything());

  const stop = keepLogins(url, 1);
  await expect
    .poll(() =>
      request('select').then(
        () => 'works',
        () => 'is refused',
      ),
    )
    .toBe('works');
  await stop();
  expect(error).toHaveBeenCalledWith('login roles had other passwords, and have their own again', {
    roles: ['stockade_api'],
  });
  expect(await setLogins(url)).toEqual([]);
});
