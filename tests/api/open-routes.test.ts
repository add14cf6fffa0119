import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Route, routeKey, routes } from '#functions/routes.ts';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { type Caller, openWorld } from '#tests/world.ts';

const world = openWorld();
let acme: Caller;

beforeAll(async () => {
  acme = await world.createOrganization();
});

/** The routes that nobody has to prove anything for, and what they answer; the wall has no others. */
const open = {
  'GET /health': 200,
  'GET /ready': 200,
  'GET /openapi.json': 200,
  'GET /docs': 200,
  $default: 404,
};

/** A request to a route, its parameters filled in. It may be answered by any page, so its body stays text. */
async function ask(route: Route, headers: Record<string, string> = {}) {
  const path = route.path === '$default' ? '/v1/nowhere' : route.path.replace(/\{\w+\}/g, 'x');
  const response = await fetch(world.url + path, {
    method: route.method === 'ANY' ? 'GET' : route.method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(['POST', 'PUT', 'PATCH'].includes(route.method) && { body: '{}' }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    code: isJson ? JSON.parse(text).code : undefined,
  };
}

const table: [string, Route][] = routes.map((route) => [routeKey(route), route]);
const closed = table.filter(([key]) => !(key in open));

describe('a caller without credentials', () => {
  const sent: [what: string, headers: Record<string, string>, code: string][] = [
    ['no credential', {}, 'unauthenticated'],
    ['only selectors', { 'x-organization': 'SLUG', host: 'SLUG.localhost' }, 'unauthenticated'],
    ['the id of an organization', { 'x-organization': 'ID' }, 'unauthenticated'],
    ['empty credentials', { authorization: '', 'x-api-key': '' }, 'unauthenticated'],
    ['a garbage key', { 'x-api-key': 'garbage' }, 'invalid_credentials'],
    ['a garbage bearer', { authorization: 'Bearer garbage' }, 'invalid_credentials'],
    ['another scheme', { authorization: 'Basic YWRtaW46YWRtaW4=' }, 'invalid_credentials'],
    [
      'garbage and selectors',
      { authorization: 'Bearer garbage', 'x-organization': 'SLUG' },
      'invalid_credentials',
    ],
    [
      'a key nobody has',
      { 'x-api-key': 'sk_test_000000000000_00000000000000000000000000000000000000000000000000' },
      'invalid_credentials',
    ],
    [
      'a token of nobody',
      { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.' },
      'invalid_credentials',
    ],
    [
      'headers that only proxies send',
      { 'x-forwarded-host': 'SLUG.localhost', 'x-forwarded-user': 'admin' },
      'unauthenticated',
    ],
  ];

  test.each(closed)('%s answers 401', async (key, route) => {
    for (const [what, headers, code] of sent) {
      const filled = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name,
          value.replace('SLUG', acme.slug).replace('ID', acme.id),
        ]),
      );
      world.wire.forget();
      const answer = await ask(route, filled);
      const expected = route.scope === 'operator' ? operatorAnswer(filled) : [401, code];
      expect([key, what, answer.status, answer.code]).toEqual([key, what, ...expected]);
      if (answer.status === 401)
        expect([what, answer.headers.get('www-authenticate')]).toEqual([what, 'Bearer realm="stockade"']);
      expect([key, what, world.wire.exchanges()]).toEqual([key, what, []]);
    }
  });

  /** A tenant's credential, good or bad, is not what `/platform/*` asks for. */
  function operatorAnswer(headers: Record<string, string>): [number, string] {
    const isTenants = headers['x-api-key'] || headers.authorization;
    return isTenants ? [403, 'operator_required'] : [401, 'unauthenticated'];
  }

  test('is let in by no other line of the route table', () => {
    const letIn = table.filter(([, { scope }]) => scope === 'none').map(([key]) => key);
    expect(letIn.sort()).toEqual(Object.keys(open).sort());
  });
});

describe('the open routes', () => {
  const wrong = {
    authorization: 'Bearer garbage',
    'x-api-key': 'garbage',
    'x-organization': 'nobody',
    cookie: 'session=x',
  };
  const opened = table.filter(([key]) => key in open);

  test.each(opened)(
    '%s answers the same whatever credential is sent, and enters no organization',
    async (key, route) => {
      const plain = await ask(route);
      expect([key, plain.status]).toEqual([key, open[key as keyof typeof open]]);
      const own = { 'x-api-key': acme.apiKey, 'x-organization': acme.slug };
      for (const headers of [wrong, own, { ...own, 'x-organization': 'another' }]) {
        world.wire.forget();
        const answer = await ask(route, headers);
        const withoutId = (text: string) => text.replace(/"requestId":"[^"]*"/, '');
        expect([key, answer.status, withoutId(answer.text)]).toEqual([
          key,
          plain.status,
          withoutId(plain.text),
        ]);
        const statements = world.wire.exchanges().flatMap((exchange) => exchange.statements);
        expect([key, statements]).toEqual([
          key,
          key === 'GET /ready' ? ['select tenancy.assert_can_write()'] : [],
        ]);
      }
    },
  );

  describe('with the database gone', () => {
    const settings = [environment.databaseUrl, environment.adminDatabaseUrl];
    const before = settings.map((name) => process.env[name]);
    beforeAll(async () => {
      await closeDatabase();
      for (const name of settings) process.env[name] = 'postgres://nobody@127.0.0.1:1/none';
    });
    afterAll(async () => {
      settings.forEach((name, index) => {
        process.env[name] = before[index];
      });
      await closeDatabase();
    });

    test.each(['GET /health', 'GET /openapi.json', 'GET /docs', '$default'])(
      '%s still answers',
      async (key) => {
        const route = routes.find((each) => routeKey(each) === key) as Route;
        for (const headers of [{}, wrong, { 'x-api-key': acme.apiKey }] as Record<string, string>[]) {
          expect((await ask(route, headers)).status).toBe(open[key as keyof typeof open]);
        }
      },
    );

    test('GET /ready answers 503 and when to come back', async () => {
      const route = routes.find((each) => routeKey(each) === 'GET /ready') as Route;
      for (const headers of [{}, wrong]) {
        const answer = await ask(route, headers);
        expect([answer.status, answer.code]).toEqual([503, 'unavailable']);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
    });

    test('a good key is answered 503 and not 401: it could not be checked', async () => {
      for (const [key, route] of closed.filter(([, { scope }]) => scope !== 'operator')) {
        const answer = await ask(route, { 'x-api-key': acme.apiKey });
        expect([key, answer.status, answer.code]).toEqual([key, 503, 'unavailable']);
      }
    });
  });
});

describe('the document', () => {
  test('is the same for everybody and may be kept', async () => {
    const response = await fetch(`${world.url}/openapi.json`);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    expect(response.headers.get('x-request-id')).toBe(response.headers.get('apigw-requestid'));
    expect(await response.json()).toMatchObject({ openapi: expect.stringMatching(/^3\.1/) });
  });

  test('as a page loads nothing, runs nothing and can be framed by nobody', async () => {
    const response = await fetch(`${world.url}/docs`);
    const text = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; /);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|script-src|\*|http/);
    expect(text).not.toMatch(/<script|<link|<img|<iframe|javascript:|\son\w+=|\sstyle=|@import|url\(/i);
    for (const [, target] of text.matchAll(/(?:href|src)="([^"]*)"/g))
      expect(target).toMatch(/^(#|\/openapi\.json$)/);
    for (const route of routes) {
      const isShown = text.includes(`<b>${route.method}</b> ${route.path}<`);
      expect([routeKey(route), isShown]).toEqual([routeKey(route), route.path !== '$default']);
    }
  });
});
