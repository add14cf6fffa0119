import { createHmac, randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { openWorld } from '#tests/world.ts';

/** The keys that sign contexts and verify passes, and the functions that jobs and operators handle them with. */
const world = openWorld();
let superuser: Client;
let admin: Client;
let jobs: Client;

beforeAll(async () => {
  superuser = await world.superuser();
  admin = await world.connect('stockade_admin');
  jobs = await world.connect('stockade_jobs');
});

describe('a pass key', () => {
  const pads = async (id: string) => {
    const { rows } = await superuser.query(
      'select inner_pad, outer_pad from tenancy.pass_keys where id = $1',
      [id],
    );
    return rows[0];
  };
  const set = (id: string, secret: Buffer) =>
    admin.query('select tenancy.set_pass_key($1, $2)', [id, secret]);

  test.each([32, 33, 64])('of %d bytes is kept as the two halves of its HMAC', async (length) => {
    const secret = randomBytes(length);
    await set(`k${length}`, secret);
    const padded = Buffer.concat([secret, Buffer.alloc(64 - length)]);
    expect(await pads(`k${length}`)).toEqual({
      inner_pad: padded.map((byte) => byte ^ 0x36),
      outer_pad: padded.map((byte) => byte ^ 0x5c),
    });
    const { rows } = await superuser.query(
      `select encode(sha256(outer_pad || sha256(inner_pad || 'text'::bytea)), 'hex') as mac
       from tenancy.pass_keys where id = $1`,
      [`k${length}`],
    );
    expect(rows[0].mac).toBe(createHmac('sha256', secret).update('text').digest('hex'));
  });

  test.each([0, 31, 65])('of %d bytes is refused', async (length) => {
    await expect(set('wrong', Buffer.alloc(length))).rejects.toMatchObject({
      code: '22023',
      message: `a pass key has 32 to 64 bytes, not ${length}`,
    });
    expect(await pads('wrong')).toBeUndefined();
  });

  test.each(['', 'a-b', 'x'.repeat(33)])('is not called %j', async (id) => {
    await expect(set(id, Buffer.alloc(32))).rejects.toMatchObject({ code: '23514' });
  });

  test('set again is another one, and dropped it is gone', async () => {
    await set('again', Buffer.alloc(32, 1));
    const before = await pads('again');
    await set('again', Buffer.alloc(32, 2));
    const after = await pads('again');
    expect([after.inner_pad.equals(before.inner_pad), after.outer_pad.equals(before.outer_pad)]).toEqual([
      false,
      false,
    ]);
    const drop = async () => (await admin.query(`select tenancy.drop_pass_key('again') as dropped`)).rows;
    expect([await drop(), await drop()]).toEqual([[{ dropped: true }], [{ dropped: false }]]);
    expect(await pads('again')).toBeUndefined();
  });
});

describe('a context key', () => {
  const keys = async () =>
    (
      await superuser.query(
        'select id, active, inner_pad, outer_pad from tenancy.context_keys order by id::bigint',
      )
    ).rows;

  test('is replaced by one of the next number; of all only the new one is active, and no two are alike', async () => {
    const before = await keys();
    const { rows } = await admin.query('select tenancy.rotate_context_key() as id');
    const after = await keys();
    expect(rows).toEqual([{ id: String(Number(before.at(-1)?.id) + 1) }]);
    expect(after.map(({ id, active }) => [id, active])).toEqual([
      ...before.map(({ id }) => [id, false]),
      [rows[0].id, true],
    ]);
    expect(new Set(after.map(({ inner_pad }) => inner_pad.toString('hex'))).size).toBe(after.length);
    // The halves of one key of 64 bytes, none of which repeats another.
    const newest = after.at(-1);
    expect(newest.outer_pad).toEqual(newest.inner_pad.map((byte: number) => byte ^ 0x36 ^ 0x5c));
    const secret: Buffer = newest.inner_pad.map((byte: number) => byte ^ 0x36);
    expect(secret.subarray(0, 32).equals(secret.subarray(32))).toBe(false);
  });

  test('is deleted when it was replaced more than a day ago, and kept before', async () => {
    await superuser.query(
      `insert into tenancy.context_keys (id, inner_pad, outer_pad, active, created_at)
       select n.id, k.inner_pad, k.outer_pad, false, now() - n.age
       from tenancy.context_keys k, (values
         ('900000001', interval '1 day 1 minute'), ('900000002', interval '1 day' - interval '1 minute')
       ) as n (id, age)
       where k.active`,
    );
    await admin.query('select tenancy.rotate_context_key()');
    expect((await keys()).map(({ id }) => id).filter((id) => id.startsWith('90000000'))).toEqual([
      '900000002',
      '900000003',
    ]);
  });
});

describe('the organizations that a job knows', () => {
  test('are all, suspended ones too, in the order of their ids, so many of those after one', async () => {
    const made = [
      await world.createOrganization(),
      await world.createOrganization(),
      await world.createOrganization(),
    ];
    await superuser.query(`update tenancy.organizations set status = 'suspended' where id = $1`, [
      made[1]?.id,
    ]);
    const known = async (after: string, most: number) =>
      (await jobs.query('select id from tenancy.known_organizations($1, $2) as id', [after, most])).rows.map(
        ({ id }) => id,
      );
    const ids = made.map(({ id }) => id).sort();
    const all = await known('00000000-0000-0000-0000-000000000000', 1_000);
    expect(all.filter((id) => ids.includes(id))).toEqual(ids);
    expect(all).toEqual([...all].sort());
    expect(await known(ids[0] ?? '', 1)).toEqual([all[all.indexOf(ids[0]) + 1]]);
    expect(await known(all.at(-1), 5)).toEqual([]);
    for (const role of ['stockade_api', 'stockade_admin'] as const) {
      const other = await world.connect(role);
      await expect(other.query(`select tenancy.known_organizations($1, 1)`, [ids[0]])).rejects.toMatchObject({
        code: '42501',
      });
    }
  });
});

describe('what the tables of tenancy refuse to every writer', () => {
  const uuid = '0197a0b0-0000-7000-8000-000000000000';
  const digest = `decode(repeat('00', 32), 'hex')`;
  const key = (changes: Record<string, string>) => {
    const values = {
      key_id: `'AAAAAAAAAAAA'`,
      secret_digest: digest,
      name: `'X'`,
      scopes: `array['read']`,
      ...changes,
    };
    return `insert into tenancy.api_keys (org_id, ${Object.keys(values).join(', ')})
      select id, ${Object.values(values).join(', ')} from tenancy.organizations limit 1`;
  };
  const organization = (changes: Record<string, string>) => {
    const values = { slug: `'refused'`, name: `'X'`, ...changes };
    return `insert into tenancy.organizations (${Object.keys(values).join(', ')}) values (${Object.values(values).join(', ')})`;
  };
  const event = (changes: Record<string, string>) => {
    const values = {
      kind: `'organization_mismatch'`,
      actor: `'a'`,
      named: `''`,
      first_request_id: `'r'`,
      ...changes,
    };
    return `insert into tenancy.security_events (org_id, minute, ${Object.keys(values).join(', ')})
      select id, now(), ${Object.values(values).join(', ')} from tenancy.organizations limit 1`;
  };

  beforeAll(async () => {
    await world.createOrganization();
  });

  const outcomeOf = async (statement: string) => {
    await superuser.query('begin');
    const outcome = await superuser.query(statement).then(
      ({ rowCount }) => rowCount,
      ({ code }) => code,
    );
    await superuser.query('rollback');
    return outcome;
  };

  test.each([
    ['a key of twelve letters', key({})],
    ['a name of one', key({ name: `'x'` })],
    ['a name of 200', key({ name: `repeat('x', 200)` })],
    ['all scopes', key({ scopes: `array['admin', 'write', 'read']` })],
    ['one transaction at a time', organization({ max_concurrency: '1' })],
    ['a thousand', organization({ max_concurrency: '1000' })],
    ['a suspended organization', organization({ status: `'suspended'` })],
    ['a reason of 500', organization({ suspension_reason: `repeat('x', 500)` })],
    ['an event that names 500 characters', event({ named: `repeat('x', 500)` })],
    [
      'an actor and a request id of 200',
      event({ actor: `repeat('x', 200)`, first_request_id: `repeat('x', 200)` }),
    ],
  ])('takes %s', async (_, statement) => {
    expect(await outcomeOf(statement)).toBe(1);
  });

  test.each([
    ['a key id of eleven', key({ key_id: `'AAAAAAAAAAA'` })],
    ['a key id of thirteen', key({ key_id: `'AAAAAAAAAAAAA'` })],
    ['a key id of other characters', key({ key_id: `'AAAAAAAAAAA-'` })],
    ['a digest of 31 bytes', key({ secret_digest: `decode(repeat('00', 31), 'hex')` })],
    ['a digest of 33 bytes', key({ secret_digest: `decode(repeat('00', 33), 'hex')` })],
    ['a key without a name', key({ name: `''` })],
    ['a key with a name of 201', key({ name: `repeat('x', 201)` })],
    ['a key of no scope', key({ scopes: `'{}'` })],
    ['a key of another scope', key({ scopes: `array['read', 'root']` })],
    ['an organization without a name', organization({ name: `''` })],
    ['an organization with a name of 201', organization({ name: `repeat('x', 201)` })],
    ['another status', organization({ status: `'closed'` })],
    ['no transaction at a time', organization({ max_concurrency: '0' })],
    ['a thousand and one', organization({ max_concurrency: '1001' })],
    ['an empty reason', organization({ suspension_reason: `''` })],
    ['a reason of 501', organization({ suspension_reason: `repeat('x', 501)` })],
    ['an event of another kind', event({ kind: `'other'` })],
    ['an event of nobody', event({ actor: `''` })],
    ['an event of an actor of 201', event({ actor: `repeat('x', 201)` })],
    ['an event that names 501 characters', event({ named: `repeat('x', 501)` })],
    ['an event of no request', event({ requests: '0' })],
    ['an event without a request id', event({ first_request_id: `''` })],
    [
      'another role',
      `insert into tenancy.memberships (org_id, user_id, role) values ('${uuid}', '${uuid}', 'owner')`,
    ],
  ])('refuses %s', async (_, statement) => {
    expect(await outcomeOf(statement)).toBe('23514');
  });
});
