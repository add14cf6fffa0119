import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import { routes } from '#functions/routes.ts';
import { closeDatabase } from '#platform/database.ts';
import { environment } from '#platform/environment.ts';
import { migrate } from '#platform/migrations/migrate.ts';
import { loadHandler } from '#scripts/local/gateway/handlers.ts';
import { serveGateway } from '#scripts/local/gateway/server.ts';
import { type LoginRole, loginUrl } from '#scripts/local/logins.ts';
import { paths } from '#scripts/paths.ts';
import { createOrganization } from '#tenancy/organizations.ts';

const keyEnvironment = 'test';

/** A database of the test file's own, the real handlers behind the real gateway, and callers. */
export interface World {
  /** The superuser's URL: for looking and for breaking things, never for proving what a role may do. */
  readonly adminUrl: string;
  readonly url: string;
  /** A connection as one of the real roles; closed at the end. */
  connect(role: LoginRole): Promise<Client>;
  /** A connection as the superuser; closed at the end. */
  superuser(): Promise<Client>;
  createOrganization(slug?: string): Promise<Caller>;
}

/** An organization, and requests with its key. */
export interface Caller {
  readonly id: string;
  readonly slug: string;
  readonly apiKey: string;
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Makes an item. */
  item(sku: string, more?: object): Promise<void>;
  /** Makes a location. */
  location(code: string): Promise<void>;
  /** Posts an entry and expects it to succeed. */
  post(kind: string, ...lines: readonly object[]): Promise<Answer>;
  /** What is on hand of an item in all. */
  onHand(sku: string): Promise<number>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what the body is, is what the tests ask
  readonly body: any;
}

/** Gives the tests of a file a world. Call it at the top of the file and use what it returns inside tests. */
export function openWorld(): World {
  const database = `test_${randomUUID().replaceAll('-', '')}`;
  const adminUrl = new URL(inject('clusterUrl'));
  adminUrl.pathname = database;
  const clients: Client[] = [];
  let gateway: Awaited<ReturnType<typeof serveGateway>>;

  beforeAll(async () => {
    await onCluster(`create database ${database} template ${inject('templateDatabase')}`);
    // A clone has the objects of its template but not the privileges of the database itself.
    await migrate({ connectionString: adminUrl.href, directory: paths.migrations });
    process.env[environment.databaseUrl] = loginUrl(adminUrl.href, 'stockade_api');
    process.env[environment.databaseMaxConnections] = '10';
    process.env[environment.keyEnvironment] = keyEnvironment;
    gateway = await serveGateway({ routes, load: loadHandler });
  });

  afterAll(async () => {
    await gateway?.close();
    await closeDatabase();
    await Promise.all(clients.map((client) => client.end()));
    await onCluster(`drop database if exists ${database} with (force)`);
  });

  async function open(url: string): Promise<Client> {
    const client = new Client(url);
    // The end of the world terminates what is left.
    client.on('error', () => {});
    await client.connect();
    clients.push(client);
    return client;
  }

  return {
    adminUrl: adminUrl.href,
    get url() {
      return gateway.url;
    },
    connect: (role) => open(loginUrl(adminUrl.href, role)),
    superuser: () => open(adminUrl.href),
    async createOrganization(slug = `org-${randomUUID().slice(0, 8)}`) {
      const admin = await open(loginUrl(adminUrl.href, 'stockade_admin'));
      const { id, apiKey } = await createOrganization(admin, { slug, name: slug }, keyEnvironment);
      return caller(gateway.url, { id, slug, apiKey });
    },
  };
}

function caller(url: string, organization: { id: string; slug: string; apiKey: string }): Caller {
  const self: Caller = {
    ...organization,
    async request(method, path, body, headers = {}) {
      const response = await fetch(url + path, {
        method,
        headers: { 'x-api-key': organization.apiKey, 'content-type': 'application/json', ...headers },
        body:
          body === undefined || typeof body === 'string' || body instanceof Uint8Array
            ? (body as string | undefined)
            : JSON.stringify(body),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: text === '' ? undefined : JSON.parse(text),
      };
    },
    async item(sku, more = {}) {
      expectStatus(201, await self.request('POST', '/v1/items', { sku, name: sku, ...more }));
    },
    async location(code) {
      expectStatus(201, await self.request('POST', '/v1/locations', { code, name: code }));
    },
    async post(kind, ...lines) {
      return expectStatus(201, await self.request('POST', '/v1/movements', { kind, lines }));
    },
    async onHand(sku) {
      const answer = await self.request('GET', `/v1/items/${encodeURIComponent(sku)}/balance`);
      return expectStatus(200, answer).body.onHand;
    },
  };
  return self;
}

function expectStatus(status: number, answer: Answer): Answer {
  if (answer.status !== status) {
    throw new Error(`expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
  return answer;
}

async function onCluster(statement: string): Promise<void> {
  const cluster = new Client(inject('clusterUrl'));
  await cluster.connect();
  try {
    await cluster.query(statement);
  } finally {
    await cluster.end();
  }
}
