import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { createApiKey } from '#tenancy/credentials/api-keys.ts';
import { addApiKey } from '#tenancy/organizations.ts';
import { type Answer, type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
const changed: NodeJS.ProcessEnv = {};
let acme: Caller;
let globex: Caller;

beforeAll(async () => {
  [acme, globex] = [await world.createOrganization('acme'), await world.createOrganization('globex')];
  await world.join('viewer@example.com', acme, 'viewer');
  await world.join('clerk@example.com', acme, 'clerk');
});

afterEach(async () => {
  for (const [name, value] of Object.entries(changed)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
    delete changed[name];
  }
  await closeDatabase();
});

/** Changes the functions' environment until the end of the test. */
function setEnvironment(name: string, value: string | undefined): void {
  changed[name] = process.env[name];
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

const whoAmI = (headers: Record<string, string>) =>
  world.request('GET', '/v1/organization', undefined, headers);
const bearer = async (email: string) => ({ authorization: `Bearer ${await world.token(email)}` });
const outcome = ({ status, body }: Answer) => (status === 200 ? body.slug : `${status} ${body.code}`);

/** `fetch` sets Host itself. */
function whoAmIAt(host: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(world.url);
    httpRequest({ hostname, port, path: '/v1/organization', headers: { ...headers, host } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        const body = JSON.parse(text);
        resolve(response.statusCode === 200 ? body.slug : `${response.statusCode} ${body.code}`);
      });
    })
      .on('error', reject)
      .end();
  });
}

describe('the header x-organization', () => {
  test('names an organization by slug or id, in whatever case an id is written', async () => {
    for (const name of ['acme', acme.id, acme.id.toUpperCase(), ' acme ']) {
      expect([
        name,
        outcome(await acme.request('GET', '/v1/organization', undefined, { 'x-organization': name })),
      ]).toEqual([name, 'acme']);
    }
  });

  test('names nothing, and so never agrees, when it is empty, several, or neither slug nor id', async () => {
    for (const name of [
      '',
      ' ',
      'ACME',
      'acme,acme',
      'acme, globex',
      '*',
      'acm',
      '%',
      `${acme.id} `.repeat(2),
      'null',
    ]) {
      for (const credential of [{ 'x-api-key': acme.apiKey }, await bearer('clerk@example.com')]) {
        const answer = await whoAmI({ ...credential, 'x-organization': name });
        expect([name, outcome(answer)]).toEqual([name, '403 organization_mismatch']);
      }
    }
  });

  test('is no credential', async () => {
    expect(outcome(await whoAmI({ 'x-organization': 'acme' }))).toBe('401 unauthenticated');
  });
});

describe('the subdomain', () => {
  const key = () => ({ 'x-api-key': acme.apiKey });

  test('names an organization below the base domain, and hosts beside it name nothing', async () => {
    expect(await whoAmIAt('acme.localhost', key())).toBe('acme');
    expect(await whoAmIAt('ACME.LOCALHOST:3000', key())).toBe('acme');
    expect(await whoAmIAt('globex.localhost', key())).toBe('403 organization_mismatch');
    for (const host of [
      'localhost',
      '127.0.0.1:3000',
      'x1y2.execute-api.eu-west-1.amazonaws.com',
      'globexlocalhost',
      'globex.localhost.example.com',
    ]) {
      expect([host, await whoAmIAt(host, key())]).toEqual([host, 'acme']);
    }
  });

  test('of several labels names nothing, so it never agrees', async () => {
    for (const host of [
      'acme.acme.localhost',
      'www.acme.localhost',
      '.localhost',
      `${acme.id}.x.localhost`,
    ]) {
      expect([host, await whoAmIAt(host, key())]).toEqual([host, '403 organization_mismatch']);
    }
  });

  test('is never taken from a forwarded header', async () => {
    for (const name of ['x-forwarded-host', 'forwarded', 'x-original-host']) {
      expect(await whoAmIAt('127.0.0.1', { ...key(), [name]: 'globex.localhost' })).toBe('acme');
      expect(await whoAmIAt('globex.localhost', { ...key(), [name]: 'acme.localhost' })).toBe(
        '403 organization_mismatch',
      );
    }
  });

  test('means nothing where no base domain is configured', async () => {
    setEnvironment(environment.baseDomain, undefined);
    expect(await whoAmIAt('globex.localhost', key())).toBe('acme');
  });
});

describe('credentials', () => {
  test('one key in both headers is one key; two keys are none, though both be good', async () => {
    const both = (one: string, other: string) =>
      whoAmI({ authorization: `Bearer ${one}`, 'x-api-key': other });
    expect(outcome(await both(acme.apiKey, acme.apiKey))).toBe('acme');
    expect(outcome(await both(acme.apiKey, globex.apiKey))).toBe('401 invalid_credentials');
    const superuser = await world.superuser();
    const second = await addApiKey(superuser, acme.id, { name: 'Second', scopes: ['read'] }, 'test');
    expect(outcome(await both(acme.apiKey, second))).toBe('401 invalid_credentials');
  });

  test('what is no key and no token is a bad credential, in whatever form it comes', async () => {
    for (const authorization of [
      'Basic YTpi',
      'Bearer',
      'Bearer x',
      `Bearer ${acme.apiKey} ${acme.apiKey}`,
      acme.apiKey,
      'Bearer op_0123456789abcdef0123456789abcdef',
      'Bearer a.b.c',
      'Bearer a.b.c.d.e',
    ]) {
      expect([authorization, outcome(await whoAmI({ authorization }))]).toEqual([
        authorization,
        '401 invalid_credentials',
      ]);
      const spoilt = outcome(await whoAmI({ authorization, 'x-api-key': acme.apiKey }));
      expect([authorization, spoilt]).toEqual([authorization, '401 invalid_credentials']);
    }
  });

  test('a token is no API key', async () => {
    const answer = await whoAmI({ 'x-api-key': await world.token('clerk@example.com') });
    expect(outcome(answer)).toBe('401 invalid_credentials');
  });

  test('a token whose address has a character that is none, such as NUL, is no good, and no fault of ours', async () => {
    for (const character of ['\u0000', '\u0007', '\u007f', '\ud800']) {
      const answers = [
        await whoAmI(await bearer(`clerk${character}@example.com`)),
        await whoAmI({ 'x-api-key': acme.apiKey, ...(await bearer(`clerk@example.com${character}`)) }),
      ];
      expect([character, ...answers.map(outcome)]).toEqual([
        character,
        '401 invalid_credentials',
        '401 invalid_credentials',
      ]);
    }
  });

  test('no token is accepted where no issuer is configured', async () => {
    setEnvironment(environment.jwtIssuer, undefined);
    expect(outcome(await whoAmI(await bearer('clerk@example.com')))).toBe('401 invalid_credentials');
  });

  test('a user who is a member of nothing, or whom nobody knows, belongs to no organization', async () => {
    const superuser = await world.superuser();
    await superuser.query(`insert into tenancy.users (email) values ('lost@example.com')`);
    for (const email of ['lost@example.com', 'nobody@example.com']) {
      expect([email, outcome(await whoAmI(await bearer(email)))]).toEqual([
        email,
        '403 organization_mismatch',
      ]);
    }
  });

  test('a user acts with the scopes of the membership, and under their own name', async () => {
    await acme.item('BOLT');
    await acme.location('MAIN');
    const receipt = { kind: 'receipt', lines: [{ sku: 'BOLT', location: 'MAIN', quantity: 1 }] };
    const post = async (headers: Record<string, string>) =>
      await world.request('POST', '/v1/movements', receipt, headers);
    expect(outcome(await whoAmI(await bearer('viewer@example.com')))).toBe('acme');
    expect(outcome(await post(await bearer('viewer@example.com')))).toBe('403 insufficient_scope');
    expect((await post(await bearer('clerk@example.com'))).status).toBe(201);
    const { rows } = await (await world.superuser()).query(`
      select u.email from inventory.entries e join tenancy.users u on e.actor = 'user:' || u.id`);
    expect(rows).toEqual([{ email: 'clerk@example.com' }]);
  });

  test('a key and a token together may do what both may, in the name of the user', async () => {
    const superuser = await world.superuser();
    const readOnly = await addApiKey(superuser, acme.id, { name: 'Reader', scopes: ['read'] }, 'test');
    const location = { code: `L-${randomUUID()}`, name: 'L' };
    const post = async (email: string, apiKey: string) =>
      outcome(
        await world.request('POST', '/v1/locations', location, {
          ...(await bearer(email)),
          'x-api-key': apiKey,
        }),
      );
    expect(await post('clerk@example.com', readOnly)).toBe('403 insufficient_scope');
    expect(await post('viewer@example.com', acme.apiKey)).toBe('403 insufficient_scope');
    expect(await post('clerk@example.com', acme.apiKey)).toMatch(/^201 /);
    expect(await post('clerk@example.com', globex.apiKey)).toBe('403 organization_mismatch');
  });
});

describe('what a caller learns who may not ask', () => {
  test.each<[string, string, string, unknown, Record<string, string>]>([
    ['a wrong body', 'POST', '/v1/items', { nonsense: true }, {}],
    ['a body that is none', 'POST', '/v1/items', 'not JSON', {}],
    ['a wrong query', 'GET', '/v1/items?limit=0', undefined, {}],
    ['an Idempotency-Key that is too long', 'POST', '/v1/items', {}, { 'idempotency-key': 'x'.repeat(256) }],
  ])('is that they may not, before anything about %s', async (_, method, path, body, headers) => {
    const unknown = { ...headers, 'x-api-key': createApiKey('test').key };
    const mismatch = { ...headers, 'x-api-key': acme.apiKey, 'x-organization': 'globex' };
    const mine = { ...headers, 'x-api-key': acme.apiKey };
    expect(outcome(await world.request(method, path, body, unknown))).toBe('401 invalid_credentials');
    expect(outcome(await world.request(method, path, body, mismatch))).toBe('403 organization_mismatch');
    expect(outcome(await world.request(method, path, body, mine))).toBe('400 invalid_input');
  });
});

describe('when it cannot be checked', () => {
  const expectUnavailable = (answer: Answer) => {
    expect(outcome(answer)).toBe('503 unavailable');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  };

  test('a database that does not answer is 503 with Retry-After, whatever the credential', async () => {
    const token = await bearer('clerk@example.com');
    const port = await closedPort();
    await closeDatabase();
    setEnvironment(environment.databaseUrl, `postgres://stockade_api:x@127.0.0.1:${port}/stockade`);
    for (const credential of [
      { 'x-api-key': acme.apiKey },
      { 'x-api-key': createApiKey('test').key },
      token,
    ]) {
      expectUnavailable(await whoAmI(credential));
    }
    // Cases that need no database still get their own answer.
    expect(outcome(await whoAmI({}))).toBe('401 unauthenticated');
    expect(outcome(await whoAmI({ 'x-api-key': 'sk_test_mistyped' }))).toBe('401 invalid_credentials');
  });

  test('an issuer that does not answer is 503 with Retry-After; keys work on', async () => {
    const token = await bearer('clerk@example.com');
    setEnvironment(environment.jwtJwksUri, `http://127.0.0.1:${await closedPort()}/jwks.json`);
    expectUnavailable(await whoAmI(token));
    expectUnavailable(await whoAmI({ ...token, 'x-api-key': acme.apiKey }));
    expect(outcome(await whoAmI({ 'x-api-key': acme.apiKey }))).toBe('acme');
  });
});

/** A port that nobody listens on: one that was just given back. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 1;
}
