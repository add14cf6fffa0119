import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { routes } from '#functions/routes.ts';
import { environment } from '#platform/environment.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import { serveGateway } from '#scripts/local/gateway/server.ts';
import { createOperatorKey } from '#scripts/local/identity.ts';
import { type Issuer, startIssuer } from '#scripts/local/issuer/issuer.ts';
import { createSigningKey, type TokenRequest } from '#scripts/local/issuer/signing-key.ts';
import { createPassKey, trustIssuer } from '#scripts/local/issuer/trust.ts';
import { loadHandler } from '#scripts/local/lambda/handlers.ts';
import { type LoginRole, loginUrl } from '#scripts/local/logins.ts';
import { createOrganization } from '#tenancy/organizations.ts';
import { assignUser, type MemberRole } from '#tenancy/users.ts';
import { type Caller, caller, type Request, requestsTo } from './caller.ts';
import { cloneDatabase, onCluster } from './template.ts';
import { recordWire, type WireRecorder } from './wire/recorder.ts';

export type { Answer, Caller, Request } from './caller.ts';

const keyEnvironment = 'test';
/** One for all files of a worker: it takes longer to create than a token to sign. */
const signingKey = createSigningKey();

/** A database of the test file's own, the real handlers behind the real gateway, and callers. */
export interface World {
  /** The superuser's URL: for looking and for breaking things, never for proving what a role may do. */
  readonly adminUrl: string;
  readonly url: string;
  /** What the handlers say to the database. At the end of the file, whatever would pin RDS Proxy fails it. */
  readonly wire: WireRecorder;
  /** A connection as one of the real roles; closed at the end. */
  connect(role: LoginRole): Promise<Client>;
  /** A connection as the superuser; closed at the end. */
  superuser(): Promise<Client>;
  createOrganization(slug?: string): Promise<Caller>;
  /** Gives a user a role in an organization. */
  join(email: string, organization: { readonly slug: string }, role?: MemberRole): Promise<void>;
  /** Issues the tokens that the functions accept. */
  readonly issuer: Issuer;
  /** A token of a user, as `Authorization: Bearer …` takes it. */
  token(email: string, more?: Omit<TokenRequest, 'email'>): Promise<string>;
  /** A request with no credential but what `headers` brings. */
  readonly request: Request;
  /** Requests with the operator key. */
  readonly operator: { readonly request: Request };
}

/** Gives the tests of a file a world. Call it at the top of the file and use what it returns inside tests. */
export function openWorld(): World {
  const database = `test_${randomUUID().replaceAll('-', '')}`;
  const adminUrl = new URL(inject('clusterUrl'));
  adminUrl.pathname = database;
  const clients: Client[] = [];
  const idleAdmins = new Set<Client>();
  const operatorKey = createOperatorKey();
  let gateway: Awaited<ReturnType<typeof serveGateway>>;
  let issuer: Issuer;
  let wire: WireRecorder;

  beforeAll(async () => {
    await cloneDatabase(database);
    wire = await recordWire(adminUrl.href);
    process.env[environment.databaseUrl] = wire.through(loginUrl(adminUrl.href, 'stockade_api'));
    process.env[environment.databaseMaxConnections] = '10';
    process.env[environment.keyEnvironment] = keyEnvironment;
    process.env[environment.baseDomain] = 'localhost';
    process.env[environment.operatorKey] = operatorKey;
    process.env[environment.adminDatabaseUrl] = wire.through(loginUrl(adminUrl.href, 'stockade_admin'));
    process.env[environment.jobsDatabaseUrl] = loginUrl(adminUrl.href, 'stockade_jobs');
    issuer = await startIssuer(await signingKey);
    Object.assign(process.env, await trustIssuer(adminUrl.href, issuer, createPassKey()));
    gateway = await serveGateway({ routes, load: loadHandler });
  });

  afterAll(async () => {
    await gateway?.close();
    await issuer?.close();
    await closeDatabase();
    await Promise.all(clients.map((client) => client.end()));
    await wire?.close();
    await onCluster(`drop database if exists ${database} with (force)`);
    expect(await wire?.faults()).toEqual([]);
  });

  async function open(url: string): Promise<Client> {
    const client = new Client(url);
    // The end of the world terminates what is left.
    client.on('error', () => {});
    await client.connect();
    clients.push(client);
    return client;
  }

  /** What operators do on a connection of theirs. The next one gets the same: to connect takes longer than most of it. */
  async function asAdmin<T>(work: (admin: Client) => Promise<T>): Promise<T> {
    let [admin] = idleAdmins;
    if (admin) idleAdmins.delete(admin);
    else {
      const opened = await open(loginUrl(adminUrl.href, 'stockade_admin'));
      opened.once('end', () => idleAdmins.delete(opened));
      admin = opened;
    }
    const result = await work(admin);
    idleAdmins.add(admin);
    return result;
  }

  return {
    adminUrl: adminUrl.href,
    get url() {
      return gateway.url;
    },
    get wire() {
      return wire;
    },
    connect: (role) => open(loginUrl(adminUrl.href, role)),
    superuser: () => open(adminUrl.href),
    async createOrganization(slug = `org-${randomUUID().slice(0, 8)}`) {
      const { id, apiKey } = await asAdmin((admin) =>
        createOrganization(admin, { slug, name: slug }, keyEnvironment),
      );
      return caller(gateway.url, { id, slug, apiKey });
    },
    async join(email, { slug }, role = 'admin') {
      await asAdmin((admin) => assignUser(admin, { email, organization: slug, role }));
    },
    get issuer() {
      return issuer;
    },
    token: (email, more) => issuer.issueToken({ email, ...more }),
    get request() {
      return requestsTo(gateway.url, {});
    },
    operator: {
      get request() {
        return requestsTo(gateway.url, { 'x-operator-key': operatorKey });
      },
    },
  };
}
