import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import type { LoginRole } from '#scripts/local/logins.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { asAdopted } from '#tests/prove/isolation/adopted.ts';
import { type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
let acme: Caller;
let globex: Caller;
let api: Client;

const tenantTables = [
  'inventory.items',
  'inventory.locations',
  'inventory.entries',
  'inventory.movements',
  'inventory.balances',
];

beforeAll(async () => {
  [acme, globex] = [await world.createOrganization(), await world.createOrganization()];
  for (const organization of [acme, globex]) {
    await organization.item('BOLT');
    await organization.location('MAIN');
    await organization.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 5 });
  }
  await globex.item('SECRET');
  await globex.location('VAULT');
  // As on RDS, where nobody can take the core's functions away: the signature alone must hold.
  await (await world.superuser()).query(
    'grant execute on function set_config(text, text, boolean) to public',
  );
  api = await world.connect('stockade_api');
});

function enter(client: Client, caller: Caller): Promise<unknown> {
  const key = parseApiKey(caller.apiKey, 'test');
  return client.query('call tenancy.enter_with_key($1, $2, $3, $4)', [
    key?.keyId,
    key?.secretDigest,
    'write',
    [],
  ]);
}

/** Runs the work in a transaction that is rolled back. */
async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    return await work();
  } finally {
    await client.query('rollback');
  }
}

async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    const result = (await work) as { rows: { n: number }[] };
    return `${result.rows[0]?.n ?? result.rows.length} rows`;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test.each<LoginRole>(['stockade_api', 'stockade_jobs', 'stockade_admin'])(
  '%s is no superuser, bypasses nothing, owns nothing and may create nothing',
  async (role) => {
    const client = await world.connect(role);
    const { rows } = await client.query(`
    select
      rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
      (select count(*)::int from pg_class where relowner = r.oid) as owned,
      (select count(*)::int from pg_auth_members where member = r.oid and roleid <> coalesce(to_regrole('rds_iam'), 0)) as memberships,
      has_database_privilege(current_database(), 'create') as creates_schemas,
      has_database_privilege(current_database(), 'temporary') as creates_temporary,
      (select bool_or(has_schema_privilege(oid, 'create')) from pg_namespace) as creates_objects
    from pg_roles r
    where rolname = session_user and current_user = session_user`);
    expect(rows).toEqual([
      {
        rolsuper: false,
        rolbypassrls: false,
        rolcreaterole: false,
        rolcreatedb: false,
        rolreplication: false,
        owned: 0,
        memberships: 0,
        creates_schemas: false,
        creates_temporary: false,
        creates_objects: false,
      },
    ]);
  },
);

test.each<LoginRole>(['stockade_api', 'stockade_jobs', 'stockade_admin'])(
  '%s takes itself out of no policy',
  async (role) => {
    const client = await world.connect(role);
    const superuser = await world.superuser();
    const policies = `select polrelid, polname, polroles from pg_policy order by oid`;
    const before = (await superuser.query(policies)).rows;
    await client.query('begin');
    expect(await outcome(client.query('drop owned by current_user cascade'))).toBe('42501');
    const locked = await superuser.query(
      `select relation::regclass from pg_locks where pid = $1 and mode = 'AccessExclusiveLock'`,
      [(client as unknown as { processID: number }).processID],
    );
    expect(locked.rows).toEqual([]);
    await client.query('commit');
    expect((await superuser.query(policies)).rows).toEqual(before);
  },
);

test('the role of requests has no privilege on any table but the one without rows that guards it', async () => {
  const { rows } = await api.query<{ name: string }>(`
    select c.oid::regclass::text as name
    from pg_class c
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relnamespace::regnamespace::text in ('inventory', 'tenancy', 'recovery')
      and c.oid <> 'tenancy.drop_owned_guard'::regclass`);
  expect(rows.map(({ name }) => name)).toEqual(
    expect.arrayContaining([...tenantTables, 'tenancy.context_keys']),
  );
  for (const { name } of rows) {
    for (const statement of [
      `select from ${name}`,
      `insert into ${name} default values`,
      `delete from ${name}`,
    ])
      expect([statement, await outcome(api.query(statement))]).toEqual([statement, '42501']);
  }
});

test('nobody but the trigger writes a balance, and nobody at all rewrites the ledger', async () => {
  const statements = [
    'update inventory.balances set on_hand = 99',
    'delete from inventory.balances',
    'insert into inventory.balances select * from inventory.balances',
    'update inventory.movements set quantity = 1',
    'delete from inventory.movements',
    'truncate inventory.movements cascade',
    'insert into inventory.movements select * from inventory.movements',
    'insert into inventory.entries select * from inventory.entries',
    'delete from inventory.entries',
    'alter table inventory.movements disable trigger all',
    'drop policy tenant on inventory.items',
    'set role stockade_owner',
    'set role stockade_jobs',
    'set session authorization postgres',
    `select tenancy.enter_as_job('${globex.id}')`,
    `select tenancy.sign_context('${globex.id}', 'job', array['read'], null)`,
  ];
  const keepers = [`select tenancy.rotate_context_key()`, `select tenancy.set_pass_key('x', '')`];
  for (const role of ['stockade_api', 'stockade_admin'] as const) {
    const client = await world.connect(role);
    for (const statement of role === 'stockade_api' ? [...statements, ...keepers] : statements) {
      await inTransaction(client, async () => {
        if (role === 'stockade_api') await enter(client, acme);
        expect([role, statement, await outcome(client.query(statement))]).toEqual([role, statement, '42501']);
      });
    }
  }

  const owner = await world.superuser();
  for (const statement of [
    'update inventory.movements set quantity = 1',
    'delete from inventory.entries',
    'truncate inventory.movements cascade',
  ]) {
    await inTransaction(owner, async () => {
      await owner.query('set local role stockade_owner');
      expect([statement, await outcome(owner.query(statement))]).toEqual([statement, 'SK903']);
    });
  }
});

test('every id of another organization is answered as one that never was', async () => {
  const entry = (await globex.request('GET', '/v1/movements')).body.data[0].entryId;
  const never = randomUUID();
  const pairs: [method: string, theirs: string, nobodys: string, body?: object][] = [
    ['GET', '/v1/items/SECRET', '/v1/items/NEVER'],
    ['PATCH', '/v1/items/SECRET', '/v1/items/NEVER', { name: 'Mine' }],
    ['DELETE', '/v1/items/SECRET', '/v1/items/NEVER'],
    ['GET', '/v1/items/SECRET/balance', '/v1/items/NEVER/balance'],
    ['GET', '/v1/locations/VAULT', '/v1/locations/NEVER'],
    ['PATCH', '/v1/locations/VAULT', '/v1/locations/NEVER', { name: 'Mine' }],
    ['DELETE', '/v1/locations/VAULT', '/v1/locations/NEVER'],
    ['GET', `/v1/entries/${entry}`, `/v1/entries/${never}`],
    ['POST', `/v1/entries/${entry}/reversal`, `/v1/entries/${never}/reversal`, {}],
  ];
  for (const [method, theirs, nobodys, body] of pairs) {
    const [their, nobody] = [
      await acme.request(method, theirs, body),
      await acme.request(method, nobodys, body),
    ];
    expect([theirs, their.status, their.body.code]).toEqual([theirs, 404, 'not_found']);
    const renamed = JSON.stringify({ ...their.body, requestId: '' })
      .replaceAll('SECRET', 'NEVER')
      .replaceAll('VAULT', 'NEVER')
      .replaceAll(entry, never);
    expect(JSON.parse(renamed)).toEqual({ ...nobody.body, requestId: '' });
  }
  expect((await globex.request('GET', '/v1/items/SECRET')).body.name).toBe('SECRET');
  expect((await globex.request('GET', `/v1/entries/${entry}`)).status).toBe(200);
});

test('the same SKU, code and reference live in two organizations without meeting', async () => {
  await acme.post('receipt', { sku: 'BOLT', location: 'MAIN', quantity: 2 });
  expect([await acme.onHand('BOLT'), await globex.onHand('BOLT')]).toEqual([7, 5]);
  const { body } = await acme.request('GET', '/v1/balances');
  expect(body.data).toMatchObject([{ sku: 'BOLT', location: 'MAIN', onHand: 7 }]);
});

test.each([
  'create rule r as on insert to inventory.items do instead nothing',
  'create rule r as on insert to pg_catalog.pg_authid do instead nothing',
  'create trigger t before insert on inventory.items execute function suppress_redundant_updates_trigger()',
  'alter default privileges revoke execute on functions from public',
])('a login role is refused before it waits for a lock: %s', async (command) => {
  const holder = await world.superuser();
  await holder.query(
    'begin; lock table inventory.items in access share mode; lock table pg_catalog.pg_authid in access share mode',
  );
  try {
    for (const role of ['stockade_api', 'stockade_jobs', 'stockade_admin'] as const) {
      const client = await world.connect(role);
      await client.query("set lock_timeout = 0; set statement_timeout = '10s'");
      expect([role, await outcome(client.query(command))]).toEqual([role, '42501']);
    }
  } finally {
    await holder.query('rollback');
  }
});

// Behind the functions, policies keep the rows apart: for them, and for a role that reads tables, as that of an adopted application.
describe('where the role of requests reads the tables, the policies alone', () => {
  beforeAll(async () => {
    await (await world.superuser()).query(asAdopted);
  });

  test('show no row without entering', async () => {
    for (const table of tenantTables) {
      expect([table, await outcome(api.query(`select count(*)::int as n from ${table}`))]).toEqual([
        table,
        '0 rows',
      ]);
    }
  });

  test('after entering, a transaction sees its own organization and nothing of another', async () => {
    await inTransaction(api, async () => {
      await enter(api, acme);
      for (const table of tenantTables) {
        const { rows } = await api.query(`select distinct org_id from ${table}`);
        expect([table, rows]).toEqual([table, [{ org_id: acme.id }]]);
      }
      expect(await outcome(api.query(`select from inventory.items where org_id = $1`, [globex.id]))).toBe(
        '0 rows',
      );
    });
    expect(await outcome(api.query('select count(*)::int as n from inventory.items'))).toBe('0 rows');
  });

  test('the context of the transaction cannot be forged, altered, copied or replayed', async () => {
    const other = await world.connect('stockade_api');
    const context = await inTransaction(api, async () => {
      await enter(api, acme);
      return (await api.query(`select current_setting('stockade.context') as context`)).rows[0]
        .context as string;
    });
    const parts = context.split('|');
    const forgeries: [string, string][] = [
      ['garbage', `select set_config('stockade.context', 'garbage', true)`],
      ['the bare id', `select set_config('stockade.context', '${globex.id}', true)`],
      ['replayed in a later transaction', `select set_config('stockade.context', '${context}', true)`],
      ['replayed for the session', `select set_config('stockade.context', '${context}', false)`],
      [
        'of another organization under the old MAC',
        `select set_config('stockade.context', '${context.replace(acme.id, globex.id)}', true)`,
      ],
      [
        'with other parts but the old MAC',
        `select set_config('stockade.context', concat_ws('|', '${parts[0]}', '${globex.id}', 'job', 'read,write', '${parts[4]}'), true)`,
      ],
      [
        'of a key that is not there',
        `select set_config('stockade.context', concat_ws('|', '99', '${globex.id}', 'job', 'read,write', ''), true)`,
      ],
      ['with too few parts', `select set_config('stockade.context', '1|2|3', true)`],
    ];
    for (const client of [api, other]) {
      for (const [what, statement] of forgeries) {
        await inTransaction(client, async () => {
          await client.query(statement);
          expect([
            what,
            await outcome(client.query('select count(*)::int as n from inventory.items')),
          ]).toEqual([what, 'SK901']);
        });
        await client.query(`select set_config('stockade.context', '', false)`);
      }
    }
  });

  test('an injected setting of any other name opens nothing', async () => {
    const { rows } = await api.query('select name from pg_settings where context in ($1, $2)', [
      'user',
      'superuser',
    ]);
    const names = [
      ...rows.map(({ name }) => name as string),
      'app.org_id',
      'app.tenant',
      'stockade.org_id',
      'tenancy.org',
    ];
    for (const name of names) {
      for (const value of [globex.id, globex.slug, 'off', 'on']) {
        await inTransaction(api, async () => {
          const set = await outcome(api.query('select set_config($1, $2, true)', [name, value]));
          if (!set.endsWith('rows')) return;
          expect([
            name,
            value,
            await outcome(api.query('select count(*)::int as n from inventory.items')),
          ]).toSatisfy(([, , seen]) => seen === '0 rows' || /^[0-9A-Z]{5}$/.test(seen));
        });
      }
    }
  }, 60_000);

  test('a row can neither be written into another organization nor point into it', async () => {
    const superuser = await world.superuser();
    const secret = (await superuser.query(`select id from inventory.items where sku = 'SECRET'`)).rows[0].id;
    await inTransaction(api, async () => {
      await superuser.query('grant insert (org_id, sku, name) on inventory.items to stockade_api');
      await enter(api, acme);
      const create = `insert into inventory.items (org_id, sku, name) values ($1, 'X', 'X')`;
      expect(await outcome(api.query(create, [globex.id]))).toBe('42501');
      await superuser.query('revoke insert (org_id, sku, name) on inventory.items from stockade_api');
    });
    // Even the superuser, who obeys no policy, cannot make a row of one point at a row of the other.
    await inTransaction(superuser, async () => {
      expect(
        await outcome(
          superuser.query(
            `insert into inventory.balances (org_id, item_id, location_id, lot, version)
           select org_id, $2, id, '', 0 from inventory.locations where org_id = $1`,
            [acme.id, secret],
          ),
        ),
      ).toBe('23503');
    });
  });
});
