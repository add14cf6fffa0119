import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { handler } from '#functions/api/organization.lambda.ts';
import { routes } from '#functions/routes.ts';
import type { HttpEvent, HttpResult } from '#http/event.ts';
import { toEvent } from '#scripts/local/gateway/event.ts';
import { parseTarget } from '#scripts/local/gateway/request-target.ts';
import { createRouter } from '#scripts/local/gateway/router.ts';
import { createSigningKey, signToken } from '#scripts/local/issuer/signing-key.ts';
import { createApiKey } from '#tenancy/credentials/api-keys.ts';
import { addApiKey } from '#tenancy/organizations.ts';
import { decide, presentedBy } from '#tenancy/resolve.ts';
import { type Caller, openWorld } from '#tests/world.ts';
import {
  dimensions,
  membershipsOf,
  type Organization,
  type Outcome,
  type Request,
  ruleFor,
  rules,
  wholeLattice,
} from './resolution-rules.ts';

const world = openWorld();
const router = createRouter(routes);
let superuser: Client;
/** `home` of the lattice's status, and the two others. */
let organizations: Record<Request['status'], Record<Organization, Caller>>;
/** What is sent for each value of a dimension. */
let keys: Record<Request['status'], Record<Request['key'], string | undefined>>;
let tokens: Map<string, string>;

beforeAll(async () => {
  superuser = await world.superuser();
  const [other, elsewhere] = [await world.createOrganization(), await world.createOrganization()];
  organizations = {
    active: { home: await world.createOrganization(), other, elsewhere },
    suspended: { home: await world.createOrganization(), other, elsewhere },
  };
  keys = { active: await keysOf('active'), suspended: await keysOf('suspended') };
  tokens = new Map();
  const forger = await createSigningKey();
  for (const status of dimensions.status) {
    for (const member of dimensions.member) {
      for (const token of dimensions.token) {
        const email = `${token.includes('several') ? 'many' : 'one'}-${member}-${status}@example.com`;
        for (const name of membershipsOf({ token, member })) {
          await world.join(email, organizations[status][name]);
        }
        tokens.set(`${token} ${member} ${status}`, await tokenFor(token, email, forger));
      }
    }
  }
  await superuser.query(`update tenancy.organizations set status = 'suspended' where id = $1`, [
    organizations.suspended.home.id,
  ]);
});

async function keysOf(status: Request['status']): Promise<Record<Request['key'], string | undefined>> {
  const { id, apiKey } = organizations[status].home;
  const made = async (change: string) => {
    const key = await addApiKey(superuser, id, { name: change, scopes: ['read', 'write', 'admin'] }, 'test');
    await superuser.query(`update tenancy.api_keys set ${change} where key_id = $1`, [key.split('_')[2]]);
    return key;
  };
  return {
    none: undefined,
    malformed: `${apiKey.slice(0, -1)}${apiKey.endsWith('0') ? '1' : '0'}`,
    unknown: createApiKey('test').key,
    revoked: await made(`revoked_at = now() - interval '1 second'`),
    expired: await made(`expires_at = now() - interval '1 second'`),
    valid: apiKey,
  };
}

async function tokenFor(
  token: Request['token'],
  email: string,
  forger: Awaited<ReturnType<typeof createSigningKey>>,
): Promise<string> {
  if (token === 'expired') return await world.token(email, { lifetimeSeconds: -3600 });
  if (token === 'wrong issuer') {
    return await world.token(email, { claims: { iss: 'https://issuer.example.com' } });
  }
  if (token !== 'bad signature') return await world.token(email);
  // Under the id of the right key: the signature is all that is wrong.
  const [header = ''] = (await world.token(email)).split('.');
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString());
  return await signToken({ ...forger, kid }, { email });
}

function selectorFor(selector: Request['header'], status: Request['status']): string | undefined {
  if (selector === 'none') return undefined;
  if (selector === 'unknown') return 'never-was';
  return organizations[status][selector === 'same' ? 'home' : 'other'].slug;
}

/** The event that API Gateway makes of the request: both credentials go in headers of their own when both are there. */
function eventFor(request: Request): HttpEvent {
  const { key, token, header, subdomain, status, member } = request;
  const apiKey = keys[status][key];
  const jwt = token === 'none' ? undefined : tokens.get(`${token} ${member} ${status}`);
  const selected = selectorFor(header, status);
  const label = selectorFor(subdomain, status);
  const rawHeaders = [
    ['Host', label === undefined ? '127.0.0.1:3000' : `${label}.localhost:3000`],
    ...(jwt === undefined ? [] : [['Authorization', `Bearer ${jwt}`]]),
    ...(apiKey === undefined ? [] : [['X-Api-Key', apiKey]]),
    ...(selected === undefined ? [] : [['X-Organization', selected]]),
  ].flat();
  const match = router('GET', '/v1/organization');
  const target = parseTarget('/v1/organization');
  if (!match || !target) throw new Error('the route table has no GET /v1/organization');
  return toEvent(
    {
      method: 'GET',
      target,
      protocol: 'HTTP/1.1',
      rawHeaders,
      body: Buffer.alloc(0),
      sourceIp: '127.0.0.1',
      requestId: randomUUID(),
      receivedAt: new Date(),
    },
    match,
  );
}

async function answerTo(request: Request): Promise<HttpResult> {
  return (await handler(eventFor(request), {} as never)) as HttpResult;
}

function outcomeOf({ statusCode, body }: HttpResult, status: Request['status']): Outcome | string {
  const answer = JSON.parse(body);
  if (statusCode !== 200) return `${statusCode} ${answer.code}`;
  const entered = Object.entries(organizations[status]).find(([, { id }]) => id === answer.id);
  return `enters ${entered?.[0]}`;
}

test('every rule decides at least one request of the lattice, and no request is left over', () => {
  const requests = wholeLattice();
  expect(requests).toHaveLength(2_304);
  const decided = new Set(requests.map((request) => ruleFor(request).rule));
  expect([...decided].sort()).toEqual(rules.map(({ rule }) => rule).sort());
});

test('2,304 requests: every combination of credentials, selectors, status and membership ends as the rules say', async () => {
  const wrong: unknown[] = [];
  for (const request of wholeLattice()) {
    const { rule, outcome } = ruleFor(request);
    const expected = outcome(request);
    const actual = outcomeOf(await answerTo(request), request.status);
    if (actual !== expected) wrong.push({ ...request, rule, expected, actual });
  }
  expect(wrong).toEqual([]);
}, 60_000);

test('what can be decided without the database is decided without it, and the rest is asked with everything', () => {
  const user = { pass: 'a pass', email: 'ada@example.com', subject: 'a user' };
  for (const request of wholeLattice()) {
    const { headers, requestContext } = eventFor(request);
    const presented = presentedBy({ headers, domainName: requestContext.domainName }, 'localhost');
    const claims = request.token.startsWith('valid') ? user : undefined;
    const decision = decide(presented, claims, 'test');
    const expected = ruleFor(request).outcome(request);
    const isSettled =
      expected === '401 unauthenticated' ||
      request.key === 'malformed' ||
      (request.token !== 'none' && !request.token.startsWith('valid'));
    if (isSettled) {
      expect({ request, decision }).toEqual({ request, decision: { refuse: expected.slice(4) } });
      continue;
    }
    expect({ request, decision }).toEqual({
      request,
      decision: {
        ask: {
          key: request.key === 'none' ? undefined : expect.objectContaining({ kind: 'key' }),
          user: claims,
          selectors: [request.header, request.subdomain]
            .map((selector) => selectorFor(selector, request.status))
            .filter((selector) => selector !== undefined),
        },
      },
    });
  }
});

test('malformed, unknown, revoked and expired keys and every bad token get one answer, byte for byte', async () => {
  const base = { header: 'none', subdomain: 'none', status: 'active', member: 'yes' } as const;
  const answers = new Set<string>();
  for (const key of ['malformed', 'unknown', 'revoked', 'expired'] as const) {
    answers.add(await textOf({ ...base, key, token: 'none' }));
    // A selector or a suspended organization changes nothing about it.
    answers.add(await textOf({ ...base, key, token: 'none', header: 'other', status: 'suspended' }));
    answers.add(await textOf({ ...base, key, token: 'valid, one organization' }));
  }
  for (const token of ['bad signature', 'expired', 'wrong issuer'] as const) {
    answers.add(await textOf({ ...base, key: 'none', token }));
    answers.add(await textOf({ ...base, key: 'valid', token }));
  }
  expect([...answers]).toEqual([expect.stringContaining('invalid_credentials')]);
});

async function textOf(request: Request): Promise<string> {
  const answer = await answerTo(request);
  const { requestId } = JSON.parse(answer.body);
  return JSON.stringify(answer).replaceAll(requestId, '<request id>');
}
