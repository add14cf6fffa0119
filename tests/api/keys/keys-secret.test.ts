import { describe, expect, test, vi } from 'vitest';
import { log } from '#platform/log.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { idOf, openKeyWorld, outcome } from './key-requests.ts';

const world = openKeyWorld();

describe('the secret', () => {
  test('is answered once: a replay of the Idempotency-Key makes no second key and answers key: null', async () => {
    const headers = { 'idempotency-key': 'create-once' };
    const body = { name: 'Once', scopes: ['read'] };
    const create = () => world.acme.request('POST', '/v1/api-keys', body, headers);
    const answers = await Promise.all([create(), create(), create()]);
    const [first, ...replays] = answers.sort(
      (a, b) => (a.body.key === null ? 1 : 0) - (b.body.key === null ? 1 : 0),
    );
    expect(first?.headers.get('idempotent-replayed')).toBeNull();
    expect(outcome(await world.ask(first?.body.key))).toBe(200);
    for (const replay of replays) {
      expect(replay.status).toBe(201);
      expect(replay.headers.get('idempotent-replayed')).toBe('true');
      expect(replay.body).toEqual({ ...first?.body, key: null });
    }
    const { data } = (await world.acme.request('GET', '/v1/api-keys?limit=200')).body;
    const once = data.filter(({ name }: { name: string }) => name === 'Once');
    expect(once.map(({ id }: { id: string }) => id)).toEqual([first?.body.id]);

    const rotate = () =>
      world.acme.request(
        'POST',
        `/v1/api-keys/${first?.body.id}/rotation`,
        {},
        { 'idempotency-key': 'rotate-once' },
      );
    const [rotated, replayed] = [await rotate(), await rotate()];
    expect(outcome(await world.ask(rotated.body.key))).toBe(200);
    expect(replayed.body).toEqual({ ...rotated.body, key: null });
  });

  test('is in no table and no log, however the request ends', async () => {
    const written = captureOutput();
    const made: string[] = [world.acme.apiKey];
    try {
      const created = await world.acme.request(
        'POST',
        '/v1/api-keys',
        { name: 'Logged', scopes: ['read', 'write', 'admin'] },
        { 'idempotency-key': 'logged' },
      );
      made.push(created.body.key);
      const rotated = await world.ask(
        created.body.key,
        'POST',
        `/v1/api-keys/${created.body.id}/rotation`,
        {},
        { 'idempotency-key': 'logged-too' },
      );
      made.push(rotated.body.key);
      // What is refused, fails and never was: each with the key in every place where one may be.
      const wrong = `${made[1]?.slice(0, -1)}${made[1]?.endsWith('0') ? '1' : '0'}`;
      for (const key of [...made, wrong]) {
        await world.ask(key, 'POST', '/v1/movements', { kind: 'receipt', lines: [] });
        await world.ask(
          key,
          'POST',
          '/v1/items',
          { sku: 'BOLT', name: 'Bolt' },
          { authorization: `Bearer ${key}` },
        );
        await world.ask(key, 'GET', '/v1/items', undefined, { 'x-organization': 'nobody' });
        await world.ask(key, 'GET', '/v1/nowhere');
      }
      await world.root.query('alter table inventory.items rename to items_gone');
      const broken = await world.ask(made[2] ?? '');
      await world.root.query('alter table inventory.items_gone rename to items');
      expect(broken.status).toBe(500);
      await world.acme.request('DELETE', `/v1/api-keys/${created.body.id}`);
      await world.ask(created.body.key);
    } finally {
      written.stop();
    }
    expect(written.text()).toContain('the request failed');
    expect(made).toHaveLength(3);
    for (const key of made) {
      const secret = key.split('_')[3]?.slice(0, 43) ?? '';
      expect(secret).toHaveLength(43);
      expect(written.text()).not.toContain(secret);
      expect(await tablesThatContain(secret)).toEqual([]);
    }
    // That the search finds what is there.
    expect(await tablesThatContain('Logged')).toContain('tenancy.api_keys');
    expect(await tablesThatContain('logged-too')).toEqual(['inventory.idempotency_keys']);
  });
});

describe('a malformed key', () => {
  const { 0: prefix = '', 1: environment = '' } = ['sk', 'test'];
  const malformed = (): [what: string, key: string][] => {
    const key = world.acme.apiKey;
    const last = key.at(-1) === '0' ? '1' : '0';
    return [
      ['one character mistyped', key.slice(0, 30) + (key[30] === 'a' ? 'b' : 'a') + key.slice(31)],
      ['the checksum mistyped', key.slice(0, -1) + last],
      ['cut off', key.slice(0, -1)],
      ['another environment', key.replace(`${prefix}_${environment}_`, `${prefix}_live_`)],
      ['an id that is none', `${prefix}_${environment}_short_${key.split('_')[3]}`],
      ['no key at all', 'hunter2'],
    ];
  };

  test('is refused without the database: no connection is opened and nothing is said on an open one', async () => {
    await closeDatabase();
    // A backend is gone a moment after its client.
    await expect.poll(apiConnections).toBe(0);
    for (const [what, key] of malformed()) {
      world.wire.forget();
      for (const headers of [{}, { 'x-api-key': '', authorization: `Bearer ${key}` }] as Record<
        string,
        string
      >[]) {
        const answer = await world.ask(key, 'GET', '/v1/items', undefined, headers);
        expect([what, outcome(answer)]).toEqual([what, [401, 'invalid_credentials']]);
      }
      expect([what, await apiConnections(), world.wire.exchanges()]).toEqual([what, 0, []]);
    }
    // A well formed one has to be asked about.
    const unknown = (await world.createOrganization()).apiKey;
    await world.root.query('delete from tenancy.api_keys where key_id = $1', [idOf(unknown)]);
    expect(outcome(await world.ask(unknown))).toEqual([401, 'invalid_credentials']);
    expect(await apiConnections()).toBe(1);

    world.wire.forget();
    for (const [, key] of malformed()) await world.ask(key);
    expect(world.wire.exchanges()).toEqual([]);
  });

  test('unknown, revoked, expired, malformed: one answer for all', async () => {
    const { id, key: revoked } = await world.createKey();
    await world.acme.request('DELETE', `/v1/api-keys/${id}`);
    const { id: expiredId, key: expired } = await world.createKey();
    await world.root.query('update tenancy.api_keys set expires_at = now() where key_id = $1', [expiredId]);
    const answers = await Promise.all([revoked, expired, 'hunter2'].map((key) => world.ask(key)));
    const [first, ...others] = answers.map(({ status, body }) => ({ status, ...body, requestId: '' }));
    for (const other of others) expect(other).toEqual(first);
  });
});

test('the role of the API can read, write and list keys and users through the functions only', async () => {
  const api = await world.connect('stockade_api');
  const parsed = parseApiKey(world.acme.apiKey, 'test');
  for (const statement of [
    'select key_id from tenancy.api_keys',
    'select secret_digest from tenancy.api_keys',
    `update tenancy.api_keys set revoked_at = null`,
    `update tenancy.api_keys set scopes = array['admin']`,
    `insert into tenancy.api_keys select * from tenancy.api_keys`,
    'delete from tenancy.api_keys',
    'select email from tenancy.users',
    `update tenancy.organizations set status = 'active'`,
    `select tenancy.api_key_json(k) from tenancy.api_keys k`,
    `select tenancy.require_grantable(array['read'])`,
  ]) {
    await api.query('begin');
    await api.query('call tenancy.enter_with_key($1, $2, $3, $4)', [
      parsed?.keyId,
      parsed?.secretDigest,
      'admin',
      [],
    ]);
    const refused = await api.query(statement).then(
      () => 'done',
      (error: { code: string }) => error.code,
    );
    await api.query('rollback');
    expect([statement, refused]).toEqual([statement, '42501']);
  }
});

/** The connections that the handlers have to this database. */
async function apiConnections(): Promise<number> {
  const { rows } = await world.root.query(
    `select count(*)::int as n from pg_stat_activity
     where datname = current_database() and usename = 'stockade_api' and application_name = 'stockade'`,
  );
  return rows[0].n;
}

/** Every table of the database that has a row in which a text occurs, in whatever column. */
async function tablesThatContain(text: string): Promise<string[]> {
  const { rows } = await world.root.query<{ name: string }>(
    `select format('%I.%I', nspname, relname) as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where relkind in ('r', 'p', 'm') and nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
     order by name`,
  );
  expect(rows.length).toBeGreaterThan(8);
  const found: string[] = [];
  for (const { name } of rows) {
    const { rowCount } = await world.root.query(
      `select from ${name} t where position($1 in t::text) > 0 limit 1`,
      [text],
    );
    if (rowCount) found.push(name);
  }
  return found;
}

/** Everything this process writes to its outputs from now on, the log at its most talkative. */
function captureOutput(): { text(): string; stop(): void } {
  const chunks: string[] = [];
  const level = log.getLevelName();
  log.setLogLevel('TRACE');
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      chunks.push(String(chunk));
      return true;
    }),
  );
  return {
    text: () => chunks.join(''),
    stop() {
      log.setLogLevel(level);
      for (const spy of spies) spy.mockRestore();
    },
  };
}
