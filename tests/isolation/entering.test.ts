import type { Client } from 'pg';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tokenConfig } from '#platform/config.ts';
import { type PresentedKey, parseApiKey, type Scope } from '#tenancy/credentials/api-keys.ts';
import { mintPass } from '#tenancy/credentials/passes.ts';
import { addApiKey } from '#tenancy/organizations.ts';
import { type Caller, openWorld } from '#tests/world.ts';

/** What the two ways in do and refuse, asked of the database itself, as the role of the API. */
const world = openWorld();
let superuser: Client;
let api: Client;
let acme: Caller;
let globex: Caller;
let userId: string;

beforeAll(async () => {
  [superuser, api] = [await world.superuser(), await world.connect('stockade_api')];
  [acme, globex] = [await world.createOrganization('acme'), await world.createOrganization('globex')];
  await world.join('clerk@example.com', acme, 'clerk');
  await world.join('viewer@example.com', acme, 'viewer');
  await world.join('admin@example.com', acme, 'admin');
  const { rows } = await superuser.query(`select id from tenancy.users where email = 'clerk@example.com'`);
  userId = rows[0].id;
});
beforeEach(async () => {
  await api.query('rollback');
  await api.query('begin');
});

interface Entry {
  readonly scope?: Scope;
  readonly selectors?: readonly (string | null)[] | null;
  readonly readOnly?: boolean;
}

const keyOf = ({ apiKey }: { apiKey: string }) => parseApiKey(apiKey, 'test') as PresentedKey;
const passOf = (email: string, nowMs?: number) => {
  const passKey = tokenConfig()?.passKey;
  if (!passKey) throw new Error('the world has no pass key');
  return mintPass(email, passKey, nowMs);
};

async function enterWithKey(key: PresentedKey, { scope = 'read', selectors = [], readOnly }: Entry = {}) {
  const args = [key.keyId, key.secretDigest, scope, selectors];
  await (readOnly === undefined
    ? api.query('call tenancy.enter_with_key($1, $2, $3, $4)', args)
    : api.query('call tenancy.enter_with_key($1, $2, $3, $4, $5)', [...args, readOnly]));
}

async function enterWithPass(pass: string | null, { scope = 'read', selectors = [], readOnly }: Entry = {}) {
  const args = [pass, scope, selectors];
  await (readOnly === undefined
    ? api.query('call tenancy.enter_with_pass($1, $2, $3)', args)
    : api.query('call tenancy.enter_with_pass($1, $2, $3, $4)', [...args, readOnly]));
}

/** Where the transaction is and as whom, what it may do, and whether it may write. */
async function entered() {
  const { rows } = await api.query(
    `select tenancy.current_org() as org, split_part(current_setting('stockade.context'), '|', 3) as actor,
       split_part(current_setting('stockade.context'), '|', 4) as scopes,
       current_setting('transaction_read_only') as "readOnly"`,
  );
  return rows[0];
}

const asKey = () => ({
  org: acme.id,
  actor: `key:${keyOf(acme).keyId}`,
  scopes: 'read,write,admin',
  readOnly: 'off',
});
const asClerk = () => ({ org: acme.id, actor: `user:${userId}`, scopes: 'read,write', readOnly: 'off' });

describe('with a key', () => {
  test.each<[string, Entry]>([
    ['no selector', {}],
    ['its slug', { selectors: ['acme'] }],
    ['its slug twice', { selectors: ['acme', 'acme'] }],
    ['every scope it has', { scope: 'admin' }],
    ['that it may write', { readOnly: false }],
  ])('and %s a transaction enters its organization', async (_, entry) => {
    await enterWithKey(keyOf(acme), entry);
    expect(await entered()).toEqual(asKey());
  });

  test('and its id, in whatever case, and both together', async () => {
    for (const selectors of [
      [acme.id],
      [acme.id.toUpperCase()],
      ['acme', acme.id],
      [acme.id.toUpperCase(), 'acme'],
    ]) {
      await enterWithKey(keyOf(acme), { selectors });
      expect(await entered()).toEqual(asKey());
      await api.query('rollback; begin');
    }
  });

  test('one that says so writes nothing, by either way through the checks', async () => {
    for (const selectors of [[], [acme.id.toUpperCase()]]) {
      await enterWithKey(keyOf(acme), { selectors, readOnly: true });
      expect(await entered()).toEqual({ ...asKey(), readOnly: 'on' });
      await expect(api.query('select tenancy.note_key_use()')).rejects.toMatchObject({ code: '25006' });
      await api.query('rollback; begin');
    }
  });

  test('entered twice it stays where it is, and takes one slot', async () => {
    await superuser.query('update tenancy.organizations set max_concurrency = 1 where id = $1', [acme.id]);
    try {
      await enterWithKey(keyOf(acme));
      await enterWithKey(keyOf(acme), { readOnly: true });
      expect(await entered()).toEqual({ ...asKey(), readOnly: 'on' });
      const other = await world.connect('stockade_api');
      const second = other.query('call tenancy.enter_with_key($1, $2, $3, $4)', [
        keyOf(acme).keyId,
        keyOf(acme).secretDigest,
        'read',
        [],
      ]);
      await expect(second).rejects.toMatchObject({ code: 'SK106' });
    } finally {
      await superuser.query('update tenancy.organizations set max_concurrency = 32 where id = $1', [acme.id]);
    }
  });

  test.each<[string, string, () => Promise<void>]>([
    [
      'another secret',
      'SK101',
      () => enterWithKey({ ...keyOf(acme), secretDigest: keyOf(globex).secretDigest }),
    ],
    ['another id', 'SK101', () => enterWithKey({ ...keyOf(acme), keyId: keyOf(globex).keyId })],
    ['another slug', 'SK102', () => enterWithKey(keyOf(acme), { selectors: ['globex'] })],
    ['its slug and another', 'SK102', () => enterWithKey(keyOf(acme), { selectors: ['acme', 'globex'] })],
    ['another id named', 'SK102', () => enterWithKey(keyOf(acme), { selectors: [globex.id] })],
    ['its slug in capitals', 'SK102', () => enterWithKey(keyOf(acme), { selectors: ['ACME'] })],
    ['a selector that is null', 'SK102', () => enterWithKey(keyOf(acme), { selectors: [null] })],
    ['a scope that nobody has', 'SK104', () => enterWithKey(keyOf(acme), { scope: 'root' as Scope })],
    [
      'the key of another organization after it has entered',
      'SK102',
      async () => {
        await enterWithKey(keyOf(globex));
        await enterWithKey(keyOf(acme));
      },
    ],
  ])('and %s it is refused, %s', async (_, code, entering) => {
    await expect(entering()).rejects.toMatchObject({ code });
    await api.query('rollback; begin');
    expect((await api.query('select tenancy.current_org() as org')).rows).toEqual([{ org: null }]);
  });

  test('a bad key is reported before a wrong selector, that before a suspension, and that before a missing scope', async () => {
    const reader = keyOf({
      apiKey: await addApiKey(superuser, globex.id, { name: 'R', scopes: ['read'] }, 'test'),
    });
    const wrong: Entry = { scope: 'write', selectors: ['acme'] };
    const refusal = async (entry: Entry) => {
      const error = await enterWithKey(reader, entry).catch(({ code }) => code);
      await api.query('rollback; begin');
      return error;
    };
    await superuser.query(`update tenancy.organizations set status = 'suspended' where id = $1`, [globex.id]);
    await superuser.query('update tenancy.api_keys set revoked_at = now() where key_id = $1', [reader.keyId]);
    expect(await refusal(wrong)).toBe('SK101');
    await superuser.query('update tenancy.api_keys set revoked_at = null where key_id = $1', [reader.keyId]);
    expect(await refusal(wrong)).toBe('SK102');
    expect(await refusal({ scope: 'write' })).toBe('SK103');
    await superuser.query(`update tenancy.organizations set status = 'active' where id = $1`, [globex.id]);
    expect(await refusal({ scope: 'write' })).toBe('SK104');
    expect(await refusal({ scope: 'read' })).toBeUndefined();
  });

  test('its expiry is by the clock, and the instant itself is too late', async () => {
    const { rows } = await api.query('select now() as now');
    const expiring = keyOf({
      apiKey: await addApiKey(superuser, acme.id, { name: 'E', scopes: ['read'] }, 'test'),
    });
    const expireAt = (expression: string) =>
      superuser.query(`update tenancy.api_keys set expires_at = ${expression} where key_id = $2`, [
        rows[0].now,
        expiring.keyId,
      ]);
    // The transaction has begun within the millisecond before.
    await expireAt(`$1::timestamptz + interval '2 milliseconds'`);
    await enterWithKey(expiring);
    await api.query('savepoint entered');
    await expireAt(`$1::timestamptz - interval '1 millisecond'`);
    await expect(enterWithKey(expiring)).rejects.toMatchObject({ code: 'SK101' });
  });
});

describe('with a pass', () => {
  test.each<[string, Entry]>([
    ['no selector', {}],
    ['the slug', { selectors: ['acme'], scope: 'write' }],
    ['that it may write', { readOnly: false }],
  ])('and %s a transaction enters the organization of the user', async (_, entry) => {
    await enterWithPass(passOf('clerk@example.com'), entry);
    expect(await entered()).toEqual(asClerk());
  });

  test('and the id, in whatever case; one that says so writes nothing', async () => {
    await enterWithPass(passOf('clerk@example.com'), { selectors: [acme.id.toUpperCase()], readOnly: true });
    expect(await entered()).toEqual({ ...asClerk(), readOnly: 'on' });
  });

  test.each([
    ['viewer@example.com', 'read'],
    ['clerk@example.com', 'read,write'],
    ['admin@example.com', 'read,write,admin'],
  ])('%s may %s', async (email, scopes) => {
    await enterWithPass(passOf(email));
    expect((await entered()).scopes).toBe(scopes);
  });

  test('after a key, what both may, in the name of the user', async () => {
    await enterWithKey(keyOf(acme));
    await enterWithPass(passOf('clerk@example.com'));
    expect(await entered()).toEqual(asClerk());
    await api.query('rollback; begin');
    const reader = keyOf({
      apiKey: await addApiKey(superuser, acme.id, { name: 'R', scopes: ['read'] }, 'test'),
    });
    await enterWithKey(reader);
    await enterWithPass(passOf('admin@example.com'));
    expect((await entered()).scopes).toBe('read');
  });

  test.each<[string, string, () => Promise<void>]>([
    ['no pass', 'SK101', () => enterWithPass(null)],
    [
      'a pass of another address',
      'SK101',
      () => enterWithPass(passOf('clerk@example.com').replace('clerk', 'admin')),
    ],
    ['an old pass', 'SK101', () => enterWithPass(passOf('clerk@example.com', Date.now() - 61_000))],
    ['a part more', 'SK101', () => enterWithPass(`${passOf('clerk@example.com')}|x`)],
    ['nobody', 'SK102', () => enterWithPass(passOf('nobody@example.com'))],
    [
      'another organization',
      'SK102',
      () => enterWithPass(passOf('clerk@example.com'), { selectors: ['globex'] }),
    ],
    [
      'a selector that is null',
      'SK102',
      () => enterWithPass(passOf('clerk@example.com'), { selectors: [null] }),
    ],
    ['what a clerk may not', 'SK104', () => enterWithPass(passOf('clerk@example.com'), { scope: 'admin' })],
    ['what a viewer may not', 'SK104', () => enterWithPass(passOf('viewer@example.com'), { scope: 'write' })],
    [
      'the key of another organization before',
      'SK102',
      async () => {
        await enterWithKey(keyOf(globex));
        await enterWithPass(passOf('clerk@example.com'));
      },
    ],
  ])('and %s it is refused, %s', async (_, code, entering) => {
    await expect(entering()).rejects.toMatchObject({ code });
  });
});
