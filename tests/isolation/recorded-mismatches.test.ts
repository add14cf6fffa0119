import type { Client } from 'pg';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tokenConfig } from '#platform/config.ts';
import { parseApiKey } from '#tenancy/credentials/api-keys.ts';
import { mintPass } from '#tenancy/credentials/passes.ts';
import { addApiKey } from '#tenancy/organizations.ts';
import { securityEventsOf } from '#tenancy/security-events.ts';
import { type Caller, openWorld } from '#tests/world.ts';

/** What the database keeps of a refused request, asked of it itself, as the roles that write and read it. */
const world = openWorld();
let superuser: Client;
let api: Client;
let jobs: Client;
let acme: Caller;
let globex: Caller;
let users: Record<string, string>;

beforeAll(async () => {
  superuser = await world.superuser();
  [api, jobs] = [await world.connect('stockade_api'), await world.connect('stockade_jobs')];
  [acme, globex] = [await world.createOrganization('acme'), await world.createOrganization('globex')];
  await world.join('ada@example.com', acme);
  await world.join('both@example.com', acme);
  await world.join('both@example.com', globex);
  const { rows } = await superuser.query('select email, id from tenancy.users');
  users = Object.fromEntries(rows.map(({ email, id }) => [email, id]));
});
beforeEach(async () => {
  await superuser.query('truncate tenancy.security_events');
});

const partsOf = (key: string) => parseApiKey(key, 'test');
const actorOf = (key: string) => `key:${partsOf(key)?.keyId}`;

function passOf(email: string): string {
  const passKey = tokenConfig()?.passKey;
  if (!passKey) throw new Error('the world has no pass key');
  return mintPass(email, passKey);
}

interface Presented {
  readonly key?: string;
  readonly email?: string;
  readonly selectors?: readonly string[];
  readonly requestId?: string;
}

async function record({ key, email, selectors = [], requestId = 'r-1' }: Presented) {
  const { rows } = await api.query(
    'select org_id, actor, named from tenancy.record_mismatch($1, $2, $3, $4, $5)',
    [
      key ? partsOf(key)?.keyId : null,
      key ? partsOf(key)?.secretDigest : null,
      email ? passOf(email) : null,
      selectors,
      requestId,
    ],
  );
  return rows;
}

const eventsOf = ({ id }: Caller, withinMs = 3_600_000, most = 100) =>
  securityEventsOf(jobs, id, { withinMs, most });

describe('what a request named', () => {
  test.each<[string, string, string]>([
    ['a slug', 'globex', 'globex'],
    ['several labels', 'www.globex', 'www.globex'],
    ['an id', '01A227BF-637a-7b75-bab8-a63e3954be5f', '01A227BF-637a-7b75-bab8-a63e3954be5f'],
    ['a hundred characters', 'x'.repeat(100), 'x'.repeat(100)],
    ['a hundred and one', 'x'.repeat(101), '?'],
    ['capitals, which no slug has', 'Globex', '?'],
    ['nothing', '', '?'],
    ['a blank', 'a b', '?'],
    ['an id and a character more', '01A227BF-637a-7b75-bab8-a63e3954be5f0', '?'],
    ['a key', 'sk_test_AAAAAAAAAAAA_secret', '?'],
  ])('is kept when it can be a slug or an id, else as ?: %s', async (_, selector, named) => {
    expect(await record({ key: acme.apiKey, selectors: [selector] })).toEqual([
      { org_id: acme.id, actor: actorOf(acme.apiKey), named },
    ]);
  });

  test('is kept in the order of the request, then the key, then the user, without the owner of the event', async () => {
    const selectors = ['b', 'a', '?!'];
    expect(await record({ key: globex.apiKey, email: 'ada@example.com', selectors })).toEqual(
      [
        {
          org_id: acme.id,
          actor: `user:${users['ada@example.com']}`,
          named: `b a ? ${actorOf(globex.apiKey)}`,
        },
        { org_id: globex.id, actor: actorOf(globex.apiKey), named: `b a ? user:${users['ada@example.com']}` },
      ].sort((one, other) => (one.org_id < other.org_id ? -1 : 1)),
    );
    expect(await record({ key: acme.apiKey, email: 'nobody@example.com' })).toEqual([
      { org_id: acme.id, actor: actorOf(acme.apiKey), named: 'user:unknown' },
    ]);
    expect(await record({ key: acme.apiKey })).toEqual([
      { org_id: acme.id, actor: actorOf(acme.apiKey), named: '' },
    ]);
  });

  test('is cut after five hundred characters', async () => {
    const selectors = Array.from({ length: 6 }, (_, n) => String(n).repeat(100));
    const [event] = await record({ key: acme.apiKey, selectors });
    expect(event.named).toBe(selectors.join(' ').slice(0, 500));
  });
});

test('a user is recorded with each of their organizations, and a caller without credentials with none', async () => {
  const actor = `user:${users['both@example.com']}`;
  expect(await record({ email: 'both@example.com', selectors: ['x'] })).toEqual(
    [acme.id, globex.id].sort().map((org_id) => ({ org_id, actor, named: 'x' })),
  );
  const revoked = await addApiKey(superuser, acme.id, { name: 'R', scopes: ['read'] }, 'test');
  const expired = await addApiKey(superuser, acme.id, { name: 'E', scopes: ['read'] }, 'test');
  await superuser.query('update tenancy.api_keys set revoked_at = now() where key_id = $1', [
    partsOf(revoked)?.keyId,
  ]);
  await superuser.query('update tenancy.api_keys set expires_at = now() where key_id = $1', [
    partsOf(expired)?.keyId,
  ]);
  for (const presented of [{ key: revoked }, { key: expired }, { email: 'nobody@example.com' }, {}])
    expect(await record(presented)).toEqual([]);
});

test('the same again in one minute is counted; ten other names are kept, and all that follow as *', async () => {
  // Pinned to one minute by one transaction: each call of it has the same clock.
  await superuser.query('begin');
  const as = (selector: string, requestId: string) =>
    superuser.query('select named from tenancy.record_mismatch($1, $2, null, $3, $4)', [
      partsOf(acme.apiKey)?.keyId,
      partsOf(acme.apiKey)?.secretDigest,
      [selector],
      requestId,
    ]);
  const named: string[] = [];
  for (let n = 0; n < 12; n += 1) named.push((await as(`name-${n}`, `r-${n}`)).rows[0].named);
  named.push((await as('name-9', 'again')).rows[0].named);
  const { rows } = await superuser.query(
    'select named, requests::int, first_request_id as first, kind from tenancy.security_events order by first_request_id',
  );
  await superuser.query('commit');
  const names = Array.from({ length: 10 }, (_, n) => `name-${n}`);
  // One that is kept already is still counted by its name: only ten others stand beside it.
  expect(named).toEqual([...names, '*', '*', 'name-9']);
  const kind = 'organization_mismatch';
  expect(rows).toEqual([
    { named: 'name-0', requests: 1, first: 'r-0', kind },
    { named: 'name-1', requests: 1, first: 'r-1', kind },
    { named: '*', requests: 2, first: 'r-10', kind },
    ...names
      .slice(2)
      .map((name, n) => ({ named: name, requests: n === 7 ? 2 : 1, first: `r-${n + 2}`, kind })),
  ]);
});

describe('the events of an organization', () => {
  const instant = expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/);

  test('are shown whole, the newest first, at most as many and as old as asked, and no others', async () => {
    await record({ key: acme.apiKey, selectors: ['one'], requestId: 'r-one' });
    await record({ key: globex.apiKey, selectors: ['theirs'] });
    await superuser.query(
      `update tenancy.security_events
       set minute = minute - interval '10 minutes', last_at = last_at - interval '10 minutes', requests = 3`,
    );
    await record({ key: acme.apiKey, selectors: ['two'], requestId: 'r-two' });
    const event = (named: string, requests: number) => ({
      kind: 'organization_mismatch',
      actor: actorOf(acme.apiKey),
      named,
      requests,
      firstAt: instant,
      lastAt: instant,
      firstRequestId: `r-${named}`,
    });
    expect(await eventsOf(acme)).toEqual([event('two', 1), event('one', 3)]);
    expect(await eventsOf(acme, 3_600_000, 1)).toEqual([event('two', 1)]);
    expect(await eventsOf(acme, 5 * 60_000)).toEqual([event('two', 1)]);
    expect(await eventsOf(acme, 11 * 60_000)).toEqual([event('two', 1), event('one', 3)]);
  });
});
