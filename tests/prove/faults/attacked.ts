import { join } from 'node:path';
import { environment } from '#platform/environment.ts';
import { type LocalAws, startLocalAws } from '#scripts/local/aws/loopback.ts';
import { startIssuer } from '#scripts/local/issuer/issuer.ts';
import { createSigningKey } from '#scripts/local/issuer/signing-key.ts';
import { createPassKey, trustIssuer } from '#scripts/local/issuer/trust.ts';
import { loginUrl } from '#scripts/local/logins.ts';
import { type Api, startApi } from './api.ts';
import type { Organization } from './journal.ts';
import { commitMarks, httpMarks, openRelay, type Relay } from './relay.ts';
import type { AttackedServer } from './server.ts';
import { createTenants, keyEnvironment } from './tenants.ts';

/** Everything that a fault can strike. */
export interface Attacked extends AsyncDisposable {
  /** Undefined when the server belongs to others, who must not notice anything. */
  readonly server: AttackedServer | undefined;
  readonly adminUrl: string;
  readonly api: Api;
  /** Between the API and Postgres. */
  readonly database: Relay;
  readonly aws: AttackedAws | undefined;
  readonly organizations: readonly Organization[];
}

export interface AttackedAws {
  readonly local: LocalAws;
  /** Between the API and S3, SNS and RDS. */
  readonly relays: readonly Relay[];
}

export interface AttackedOptions {
  readonly adminUrl: string;
  readonly server?: AttackedServer | undefined;
  readonly organizations: number;
  /** The folder of S3, SNS and RDS; without one there are none. */
  readonly awsFolder?: string | undefined;
}

/** How long a request may take on a connection that hangs. */
const deadlineMs = 3_000;
const connections = 6;

/** Starts the API and what it needs, all of it to be attacked. `adminUrl` is the URL for the superuser. */
export async function openAttacked({
  adminUrl,
  server,
  organizations,
  awsFolder,
}: AttackedOptions): Promise<Attacked> {
  await using opened = new AsyncDisposableStack();
  const issuer = await startIssuer(await createSigningKey());
  opened.defer(() => issuer.close());
  const trusted = await trustIssuer(adminUrl, issuer, createPassKey());
  const database = await openRelay(adminUrl, commitMarks);
  opened.defer(() => database.close());
  const aws = awsFolder === undefined ? undefined : await openAws(awsFolder, server, opened);
  const tenants = await createTenants(adminUrl, issuer, organizations);
  const login = (role: 'stockade_api' | 'stockade_jobs') => database.through(loginUrl(adminUrl, role));
  const api = await startApi({
    ...trusted,
    ...aws?.env,
    [environment.databaseUrl]: login('stockade_api'),
    [environment.jobsDatabaseUrl]: login('stockade_jobs'),
    [environment.databaseMaxConnections]: String(connections),
    // A job waits for AWS longer than a request may take.
    ...(aws === undefined && { [environment.databaseDeadlineMs]: String(deadlineMs) }),
    [environment.keyEnvironment]: keyEnvironment,
    [environment.stage]: keyEnvironment,
    [environment.backupCopyRegion]: 'none',
  });
  opened.use(api);
  // Connected, as after a start on which a load balancer has asked.
  await Promise.all(Array.from({ length: connections }, () => fetch(`${api.url}/ready`)));
  const stack = opened.move();
  return {
    ...{ server, adminUrl, api, database, aws, organizations: tenants },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function openAws(directory: string, server: AttackedServer | undefined, opened: AsyncDisposableStack) {
  const local = await startLocalAws({
    directory: join(directory, 'aws'),
    durable: false,
    ...(server && {
      database: { identifier: 'stockade', cluster: server.cluster, databaseName: 'stockade' },
    }),
  });
  opened.defer(() => local.close());
  const relays: Relay[] = [];
  const env: Record<string, string> = { ...local.env };
  for (const name of ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL_SNS', 'AWS_ENDPOINT_URL_RDS']) {
    const relay = await openRelay(local.env[name] ?? '', httpMarks);
    opened.defer(() => relay.close());
    relays.push(relay);
    env[name] = new URL(relay.through(local.env[name] ?? '')).origin;
  }
  return { local, relays, env };
}
