import { createHmac, randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { createApiKey } from '#tenancy/credentials/api-keys.ts';
import { keyEnvironment } from '../api.ts';
import { brokenRules, type Expectation } from './probe.ts';

/** Organizations, keys and members in every state that decides whether a credential is accepted. */
interface Cast {
  readonly ours: string;
  readonly other: string;
  readonly suspended: string;
  readonly pass: (
    email: string,
    options?: { readonly expired?: boolean; readonly secret?: Buffer },
  ) => string;
  readonly key: (name: KeyName) => readonly [id: string, digest: Buffer];
}

const keyNames = ['reader', 'manager', 'other', 'suspended', 'revoked', 'expired'] as const;
type KeyName = (typeof keyNames)[number];

/**
 * Tries every rule of the functions that enter an organization, one at a time. The transaction of `superuser` is rolled
 * back.
 */
export async function probeAccess(superuser: Client): Promise<string[]> {
  const cast = await prepare(superuser);
  await superuser.query('set local role stockade_api');
  const faults = await brokenRules(superuser, [
    ...keyRules(cast),
    ...passRules(cast),
    ...scopeRules(cast),
    ...refusalRules(cast),
  ]);
  await superuser.query('reset role');
  return faults;
}

const enterWithKey = 'call tenancy.enter_with_key($1, $2, $3, $4)';
const enterWithPass = 'call tenancy.enter_with_pass($1, $2, $3)';

function keyRules({ key, ours, other }: Cast): Expectation[] {
  const [id, digest] = key('reader');
  const enter = (rule: string, values: readonly unknown[], outcome: string): Expectation => ({
    rule: `key: ${rule}`,
    statement: enterWithKey,
    values,
    outcome,
  });
  return [
    enter('it opens its organization', [id, digest, 'read', []], 'ok'),
    enter('its own id and slug may be named', [id, digest, 'read', [ours, 'access-ours']], 'ok'),
    enter('another secret', [id, Buffer.alloc(32), 'read', []], 'SK101'),
    enter('revoked', [...key('revoked'), 'read', []], 'SK101'),
    enter('expired', [...key('expired'), 'read', []], 'SK101'),
    enter('another organization, named by id', [id, digest, 'read', [other]], 'SK102'),
    enter('another organization, named by slug', [id, digest, 'read', ['access-other']], 'SK102'),
    enter('an unknown name', [id, digest, 'read', ['access-none']], 'SK102'),
    enter('suspended', [...key('suspended'), 'read', []], 'SK103'),
    enter('a scope it lacks', [id, digest, 'write', []], 'SK104'),
    {
      rule: 'key: a second one of another organization',
      statement: twice(sql(id), hex(digest), sql(key('other')[0]), hex(key('other')[1])),
      outcome: 'SK102',
    },
  ];
}

function passRules({ pass, ours, other, key }: Cast): Expectation[] {
  const enter = (rule: string, values: readonly unknown[], outcome: string): Expectation => ({
    rule: `pass: ${rule}`,
    statement: enterWithPass,
    values,
    outcome,
  });
  const [otherId, otherDigest] = key('other');
  return [
    enter('it opens the only organization of its user', [pass('one@access'), 'read', []], 'ok'),
    enter('minted with another key', [pass('one@access', { secret: randomBytes(32) }), 'read', []], 'SK101'),
    enter('expired', [pass('one@access', { expired: true }), 'read', []], 'SK101'),
    enter('altered', [pass('one@access').replace('one@', 'two@'), 'read', []], 'SK101'),
    enter('of an unknown user', [pass('nobody@access'), 'read', []], 'SK102'),
    enter('an organization without membership', [pass('one@access'), 'read', [other]], 'SK102'),
    enter('an unknown name', [pass('two@access'), 'read', ['access-none']], 'SK102'),
    enter('two organizations, none named', [pass('two@access'), 'read', []], 'SK105'),
    enter('two organizations, one named', [pass('two@access'), 'read', [ours]], 'ok'),
    enter('suspended', [pass('late@access'), 'read', []], 'SK103'),
    enter('a scope its role lacks', [pass('one@access'), 'admin', []], 'SK104'),
    {
      rule: 'pass: after a key of another organization',
      statement: keyThenPass(sql(otherId), hex(otherDigest), sql(pass('one@access')), 'read'),
      outcome: 'SK102',
    },
    {
      rule: 'pass: after a key, only the scopes of both',
      statement: keyThenPass(sql(key('reader')[0]), hex(key('reader')[1]), sql(pass('one@access')), 'write'),
      outcome: 'SK104',
    },
  ];
}

function scopeRules({ key }: Cast): Expectation[] {
  const [id, digest] = key('reader');
  const after = (statement: string) => `${withKey(sql(id), hex(digest))}; select ${statement}`;
  const [managerId, managerDigest] = key('manager');
  const created = createApiKey(keyEnvironment);
  // Divides by zero unless the list contains its own rows and no foreign ones.
  const lists = (call: string, own: string, theirs: string) =>
    `${withKey(sql(managerId), hex(managerDigest))};
     select 1 / (bool_or(line::text like '%${own}%') and not bool_or(line::text like '%${theirs}%'))::int
     from tenancy.${call} as line`;
  const createKey = (scope: string) =>
    `${withKey(sql(managerId), hex(managerDigest))};
     select tenancy.create_api_key(${sql(created.keyId)}, ${hex(created.secretDigest)}, 'made', '{${scope}}', null)`;
  return [
    {
      rule: 'scope: a reader posts',
      statement: after(`inventory.post_entry('{"kind":"receipt","lines":[]}')`),
      outcome: 'SK104',
    },
    {
      rule: 'scope: a reader creates an item',
      statement: after(`inventory.create_item('{"sku":"A","name":"A"}')`),
      outcome: 'SK104',
    },
    {
      rule: 'scope: a reader lists keys',
      statement: after('tenancy.list_api_keys(1, null, null)'),
      outcome: 'SK104',
    },
    {
      rule: 'scope: a manager without the scope write creates a key that has it',
      statement: createKey('write'),
      outcome: 'SK104',
    },
    {
      rule: 'scope: a manager lists the keys of its own organization',
      statement: lists('list_api_keys(100, null, null)', 'manager', key('other')[0]),
      outcome: 'ok',
    },
    {
      rule: 'scope: a manager lists the members of its own organization',
      statement: lists('list_members(100, null)', 'one@access', 'late@access'),
      outcome: 'ok',
    },
    {
      rule: 'scope: a manager reads its own organization',
      statement: lists('entered_organization()', '"access-ours"', '"access-other"'),
      outcome: 'ok',
    },
    { rule: 'scope: a manager creates a key like its own', statement: createKey('read'), outcome: 'ok' },
    {
      rule: 'scope: a posting without a context',
      statement: `select inventory.post_entry('{}')`,
      outcome: 'SK902',
    },
  ];
}

/** A refusal is recorded only for a valid credential: otherwise anybody could write records into any organization. */
function refusalRules({ key, pass, ours }: Cast): Expectation[] {
  const records = (rule: string, values: readonly unknown[], count: number): Expectation => ({
    rule: `refusal: ${rule}`,
    // Divides by zero unless the count is right.
    statement: `select 1 / (count(*) = $6::int)::int from tenancy.record_mismatch($1, $2, $3, $4, $5)`,
    values: [...values, [], 'probe', count],
    outcome: 'ok',
  });
  const [id, digest] = key('reader');
  return [
    records('of a key', [id, digest, null], 1),
    records('of a key with another secret', [id, Buffer.alloc(32), null], 0),
    records('of a key that was revoked', [...key('revoked'), null], 0),
    records('of a key that has expired', [...key('expired'), null], 0),
    records('of a pass', [null, null, pass('one@access')], 1),
    records(
      'of a pass minted with another key',
      [null, null, pass('one@access', { secret: randomBytes(32) })],
      0,
    ),
    records('of a pass that has expired', [null, null, pass('one@access', { expired: true })], 0),
    {
      rule: 'refusal: in a transaction that has entered',
      statement: `${withKey(sql(id), hex(digest))};
        select * from tenancy.record_mismatch(${sql(id)}, ${hex(digest)}, null, '{${ours}}', 'probe')`,
      outcome: 'SK902',
    },
  ];
}

const withKey = (id: string, digest: string) => `call tenancy.enter_with_key(${id}, ${digest}, 'read', '{}')`;
const twice = (id: string, digest: string, secondId: string, secondDigest: string) =>
  `${withKey(id, digest)}; ${withKey(secondId, secondDigest)}`;
const keyThenPass = (id: string, digest: string, pass: string, scope: string) =>
  `${withKey(id, digest)}; call tenancy.enter_with_pass(${pass}, '${scope}', '{}')`;
const sql = (text: string) => `'${text.replaceAll("'", "''")}'`;
const hex = (bytes: Buffer) => `'\\x${bytes.toString('hex')}'::bytea`;

async function prepare(superuser: Client): Promise<Cast> {
  const organization = async (slug: string, status: string) =>
    (
      await superuser.query<{ id: string }>(
        'insert into tenancy.organizations (slug, name, status) values ($1, $1, $2) returning id',
        [slug, status],
      )
    ).rows[0]?.id ?? '';
  const [ours, other, suspended] = [
    await organization('access-ours', 'active'),
    await organization('access-other', 'active'),
    await organization('access-suspended', 'suspended'),
  ];
  const keys = new Map(keyNames.map((name) => [name, createApiKey(keyEnvironment)]));
  for (const [name, { keyId, secretDigest }] of keys) {
    await superuser.query(
      `insert into tenancy.api_keys (org_id, key_id, secret_digest, name, scopes, revoked_at, expires_at)
       values ($1, $2, $3, $4, $7, $5, $6)`,
      [
        name === 'suspended' ? suspended : name === 'other' ? other : ours,
        keyId,
        secretDigest,
        name,
        name === 'revoked' ? '2026-01-01' : null,
        name === 'expired' ? '2026-01-01' : null,
        name === 'manager' ? ['read', 'admin'] : ['read'],
      ],
    );
  }
  for (const [email, orgs] of [
    ['one@access', [ours]],
    ['two@access', [ours, other]],
    ['late@access', [suspended]],
  ] as const) {
    await superuser.query(
      `with made as (insert into tenancy.users (email) values ($1) returning id)
       insert into tenancy.memberships (org_id, user_id, role) select org_id, id, 'clerk' from made, unnest($2::uuid[]) as org_id`,
      [email, orgs],
    );
  }
  const secret = randomBytes(32);
  await superuser.query('select tenancy.set_pass_key($1, $2)', ['access', secret]);
  return {
    ours,
    other,
    suspended,
    pass(email, options = {}) {
      const expiresAt = Math.floor(Date.now() / 1000) + (options.expired ? -60 : 60);
      const text = `access|${expiresAt}|${email}`;
      return `${text}|${createHmac('sha256', options.secret ?? secret)
        .update(text)
        .digest('hex')}`;
    },
    key(name) {
      const key = keys.get(name);
      return [key?.keyId ?? '', key?.secretDigest ?? Buffer.alloc(0)];
    },
  };
}
