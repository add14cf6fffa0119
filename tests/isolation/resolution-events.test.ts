import type { Client } from 'pg';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { tokenConfig } from '#platform/config.ts';
import { log } from '#platform/log.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { mintPass } from '#tenancy/credentials/passes.ts';
import { type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
let superuser: Client;
let acme: Caller;
let globex: Caller;

beforeAll(async () => {
  superuser = await world.superuser();
  [acme, globex] = [await world.createOrganization('acme'), await world.createOrganization('globex')];
  await world.join('ada@example.com', acme, 'clerk');
  await world.join('both@example.com', acme, 'clerk');
  await world.join('both@example.com', globex, 'clerk');
});
beforeEach(async () => {
  await superuser.query('truncate tenancy.security_events');
});

async function events() {
  const { rows } = await superuser.query(`
    select o.slug, e.kind, regexp_replace(e.actor, 'user:.*', coalesce(u.email, '')) as actor, e.named, e.requests::int
    from tenancy.security_events e
    join tenancy.organizations o on o.id = e.org_id
    left join tenancy.users u on e.actor = 'user:' || u.id
    order by o.slug, e.actor, e.named`);
  return rows;
}

const keyActor = ({ apiKey }: Caller) => `key:${parseApiKey(apiKey, 'test')?.keyId}`;
const ask = (headers: Record<string, string>) => world.request('GET', '/v1/organization', undefined, headers);
const kind = 'organization_mismatch';

test('a key that names another organization leaves an event with its own, and none with the one it named', async () => {
  const answer = await acme.request('GET', '/v1/items', undefined, { 'x-organization': 'globex' });
  expect(answer.status).toBe(403);
  expect(await events()).toEqual([
    { slug: 'acme', kind, actor: keyActor(acme), named: 'globex', requests: 1 },
  ]);
  const { rows } = await superuser.query('select first_request_id as id from tenancy.security_events');
  expect(rows).toEqual([{ id: answer.body.requestId }]);
});

test('a user who is refused leaves an event with every organization of theirs', async () => {
  const authorization = `Bearer ${await world.token('both@example.com')}`;
  expect((await ask({ authorization, 'x-organization': 'never-was' })).status).toBe(403);
  expect(await events()).toEqual([
    { slug: 'acme', kind, actor: 'both@example.com', named: 'never-was', requests: 1 },
    { slug: 'globex', kind, actor: 'both@example.com', named: 'never-was', requests: 1 },
  ]);
});

test('a key and a user of different organizations leave an event with both', async () => {
  const authorization = `Bearer ${await world.token('ada@example.com')}`;
  expect((await ask({ authorization, 'x-api-key': globex.apiKey })).status).toBe(403);
  expect(await events()).toEqual([
    { slug: 'acme', kind, actor: 'ada@example.com', named: keyActor(globex), requests: 1 },
    {
      slug: 'globex',
      kind,
      actor: keyActor(globex),
      named: expect.stringMatching(/^user:[0-9a-f-]{36}$/),
      requests: 1,
    },
  ]);
});

test('refusals that are no mismatch, and requests that succeed, leave none', async () => {
  await acme.request('GET', '/v1/items');
  await ask({ 'x-organization': 'globex' });
  await ask({ 'x-api-key': `${acme.apiKey}x`, 'x-organization': 'globex' });
  const authorization = `Bearer ${await world.token('both@example.com')}`;
  expect((await ask({ authorization })).body.code).toBe('organization_required');
  expect(await events()).toEqual([]);
});

test('a flood from one credential is a few rows a minute, with counts that add up', async () => {
  // A minute that ends in between may double the rows, and nothing else.
  const names = Array.from({ length: 60 }, (_, n) => `target-${n}`);
  await Promise.all(
    names.map((name) => acme.request('GET', '/v1/items', undefined, { 'x-organization': name })),
  );
  const rows = await events();
  expect(rows.reduce((sum, { requests }) => sum + requests, 0)).toBe(60);
  // Ten concurrent transactions may each find room for one more.
  expect(rows.length).toBeLessThanOrEqual(2 * (10 + 10 + 1));
  expect(rows.map(({ named }) => named)).toContain('*');
});

test('what is sent in the wrong header is not kept: neither in the event nor in the log', async () => {
  const logged: unknown[] = [];
  for (const level of ['info', 'warn', 'error'] as const) {
    vi.spyOn(log, level).mockImplementation((...line) => void logged.push(line));
  }
  const token = await world.token('ada@example.com');
  await acme.request('GET', '/v1/items', undefined, { 'x-organization': globex.apiKey });
  await ask({ authorization: `Bearer ${token}`, 'x-organization': token });
  vi.restoreAllMocks();
  expect((await events()).map(({ named }) => named)).toEqual(['?', '?']);

  const text = JSON.stringify(logged);
  expect(text).toContain('organization');
  const { rows } = await superuser.query('select encode(secret_digest, $1) as digest from tenancy.api_keys', [
    'hex',
  ]);
  for (const secret of [acme.apiKey, globex.apiKey, token, ...rows.map(({ digest }) => digest)]) {
    expect(text).not.toContain(secret);
  }
  expect(text).not.toMatch(/\|\d{10}\|/); // a pass
});

test('the log line says who, which request and which route', async () => {
  const warn = vi.spyOn(log, 'warn').mockImplementation(() => {});
  const answer = await acme.request('GET', '/v1/items', undefined, { 'x-organization': 'globex' });
  const lines = warn.mock.calls.map(([, details]) => details);
  vi.restoreAllMocks();
  expect(lines).toEqual([
    {
      requestId: answer.body.requestId,
      route: 'GET /v1/items',
      keyId: keyActor(acme).slice(4),
      subject: undefined,
      recorded: [{ organization: acme.id, actor: keyActor(acme), named: 'globex' }],
    },
  ]);
});

test('every mismatch is counted as a metric, also of a user who belongs to nobody', async () => {
  const written: string[] = [];
  const write = vi
    .spyOn(process.stdout, 'write')
    .mockImplementation((text) => written.push(String(text)) > 0);
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  await acme.request('GET', '/v1/items', undefined, { 'x-organization': 'globex' });
  await ask({ authorization: `Bearer ${await world.token('nobody@example.com')}` });
  await acme.request('GET', '/v1/items');
  vi.unstubAllEnvs();
  write.mockRestore();
  const metrics = written
    .filter((text) => text.includes('CloudWatchMetrics'))
    .map((text) => JSON.parse(text))
    .map(({ _aws, OrganizationMismatch, service }) => [
      _aws.CloudWatchMetrics[0].Namespace,
      OrganizationMismatch,
      service,
    ]);
  expect(metrics).toEqual([
    ['Stockade', 1, 'stockade'],
    ['Stockade', 1, 'stockade'],
  ]);
});

test('an event that cannot be recorded changes nothing about the answer', async () => {
  const before = await acme.request('GET', '/v1/items', undefined, { 'x-organization': 'globex' });
  const error = vi.spyOn(log, 'error').mockImplementation(() => {});
  await superuser.query('revoke execute on function tenancy.record_mismatch from stockade_api');
  const after = await acme.request('GET', '/v1/items', undefined, { 'x-organization': 'globex' });
  await superuser.query('grant execute on function tenancy.record_mismatch to stockade_api');
  expect(error).toHaveBeenCalledOnce();
  vi.restoreAllMocks();
  expect([after.status, { ...after.body, requestId: '' }]).toEqual([403, { ...before.body, requestId: '' }]);
});

test('nobody records an event without proving the credential, and none is a way in', async () => {
  const api = await world.connect('stockade_api');
  const key = parseApiKey(globex.apiKey, 'test');
  const record = (digest: Buffer | undefined, pass: string | null) =>
    api.query('select * from tenancy.record_mismatch($1, $2, $3, $4, $5)', [
      key?.keyId,
      digest,
      pass,
      ['x'],
      'r',
    ]);
  expect((await record(Buffer.alloc(32), null)).rows).toEqual([]);
  expect((await record(Buffer.alloc(32), 'k|9999999999|both@example.com|0000')).rows).toEqual([]);
  const passKey = tokenConfig()?.passKey;
  if (!passKey) throw new Error('the world has no pass key');
  expect((await record(undefined, mintPass('both@example.com', passKey, Date.now() - 70_000))).rows).toEqual(
    [],
  );
  await superuser.query('update tenancy.api_keys set revoked_at = now() where key_id = $1', [key?.keyId]);
  expect((await record(key?.secretDigest, null)).rows).toEqual([]);
  await superuser.query('update tenancy.api_keys set revoked_at = null where key_id = $1', [key?.keyId]);
  expect(await events()).toEqual([]);

  await api.query('begin');
  expect((await record(key?.secretDigest, null)).rows).toMatchObject([{}]);
  expect((await api.query('select tenancy.current_org() as org')).rows).toEqual([{ org: null }]);
  await api.query('call tenancy.enter_with_key($1, $2, $3, $4)', [key?.keyId, key?.secretDigest, 'read', []]);
  expect((await api.query('select tenancy.current_org() as org')).rows).toEqual([{ org: globex.id }]);
  await expect(record(key?.secretDigest, null)).rejects.toMatchObject({ code: 'SK902' });
  await api.query('rollback');
  for (const statement of [
    'select from tenancy.security_events where org_id = $1 and kind = $2',
    'insert into tenancy.security_events (org_id, minute, kind, actor, named, first_request_id) values ($1, now(), $2, $2, $2, $2)',
    'update tenancy.security_events set requests = 1 where org_id = $1 and kind = $2',
    'delete from tenancy.security_events where org_id = $1 and kind = $2',
  ]) {
    await expect(api.query(statement, [globex.id, kind])).rejects.toMatchObject({ code: '42501' });
  }
  await closeDatabase();
});
