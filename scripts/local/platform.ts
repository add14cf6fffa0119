import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import { routes } from '#functions/routes.ts';
import type { Schedule } from '#functions/schedules.ts';
import { closeAwsClients } from '#platform/aws/call.ts';
import { environment } from '#platform/environment.ts';
import { log } from '#platform/log.ts';
import { closeDatabase } from '#platform/postgres/database.ts';
import type { ReturnPoint } from '#recovery/contract-interlock.ts';
import { interlocked } from '#recovery/interlocked.ts';
import { type MigrationReport, migrate } from '#schema/migrations/migrate.ts';
import type { PlatformFile } from '#scripts/cli/database/database-url.ts';
import { paths } from '#scripts/paths.ts';
import { type ReceivedAlert, readAlert } from './alert.ts';
import { noteReceipts } from './alert-receipts.ts';
import { startLocalAws } from './aws/loopback.ts';
import { destroyInstances } from './aws/rds/service.ts';
import { type Demo, prepareDemo, seedDemo } from './demo.ts';
import { type AccessLogLine, serveGateway } from './gateway/server.ts';
import { startIdentity } from './identity.ts';
import { keepLogins } from './keep-logins.ts';
import { createHandlerLoader } from './lambda/handlers.ts';
import { loginUrl, setLogins } from './logins.ts';
import { type Cluster, startCluster } from './postgres/cluster.ts';
import { systemClock } from './schedule/clock.ts';
import { createJobRunner } from './schedule/job-runner.ts';
import { createScheduler, type Due, type JobReport } from './schedule/scheduler.ts';
import { stopWithin } from './stop-within.ts';

const databaseName = 'stockade';
const instanceIdentifier = 'stockade';
const maxConnections = 20;
/** For how long a role that has changed its own password keeps others out. */
const lookAtLoginsEveryMs = 30_000;
/**
 * How long a shutdown may take until the database is stopped, and how long when the database has already ended: nothing
 * can finish any more then.
 */
const stopPatience = { wholeMs: 15_000, withoutDatabaseMs: 1_000 };
/** How long a shutdown waits for a running job, and for the connections of an interrupted one. */
const graceMs = 10_000;

export interface PlatformOptions {
  /** Holds the cluster and what the platform remembers between starts. */
  readonly data: string;
  /** Port of the API on 127.0.0.1; a free one when absent. */
  readonly port: number | undefined;
  /** Begin again with an empty database. */
  readonly fresh: boolean;
  /** A Postgres to use instead of the embedded one, as a user who may migrate. */
  readonly databaseUrl: string | undefined;
  /** How often a snapshot of the embedded database is taken. */
  readonly snapshotEveryHours: number;
  /** How often the log of the embedded database reaches the archive. */
  readonly archiveEveryMs: number;
  /** For how long snapshots, and the WAL between them, are kept; as it was when absent. */
  readonly retentionDays: number | undefined;
  /** Take up changes of the code with the next request. */
  readonly watch: boolean;
  /** The schedules that run here; those of the backups only with the embedded database, which has some. */
  readonly schedules: readonly Schedule[];
  readonly onRequest: (line: AccessLogLine) => void;
  /** Told of every alert that is published, by whichever process. */
  readonly onAlert: (alert: ReceivedAlert) => void;
  readonly onJob: (report: JobReport) => void;
  /** Told of the time to return to when a migration changed a database on AWS that only a backup undoes. */
  readonly onReturnPoint: (point: ReturnPoint) => void;
}

export interface Platform {
  readonly url: string;
  readonly migrations: MigrationReport;
  /** The demo organizations; none when the database had organizations of its own. */
  readonly demo: readonly Demo[];
  /** When each job runs next. */
  readonly due: readonly Due[];
  /** Settles when the database ends although nobody asked it to. */
  readonly databaseEnded: Promise<void>;
  /** Answers what is under way, then stops everything that was started. */
  stop(): Promise<void>;
}

/**
 * Starts Stockade on this machine: a database, its migrations, S3, SNS and RDS, and the API and the scheduled jobs through the
 * handlers that deploy.
 * On a database without organizations it makes two with stock to look at.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  await mkdir(options.data, { recursive: true });
  const stops: (() => Promise<void>)[] = [];
  let databaseEnded: Promise<void> | undefined;
  const stop = () => stopWithin(stops, stopPatience, databaseEnded);
  try {
    const { adminUrl, database, cluster, ended } = await openDatabase(options, stops);
    databaseEnded = ended;
    const migrations = await migrate({
      connectionString: adminUrl,
      directory: paths.migrations,
      // The embedded database is nobody's production, whatever the environment says.
      beforeContract: cluster ? undefined : interlocked(adminUrl, options.onReturnPoint),
    });
    await setLogins(adminUrl);
    // A Postgres that is not ours has administrators of its own.
    if (cluster) stops.push(keepLogins(adminUrl, lookAtLoginsEveryMs));
    const { issuer, env } = await startIdentity(options.data, adminUrl);
    stops.push(() => issuer.close());

    const awsFolder = join(options.data, 'aws');
    if (options.fresh) {
      await destroyInstances(join(awsFolder, 'rds'));
      await rm(awsFolder, { recursive: true, force: true });
    }
    const aws = await startLocalAws({
      directory: awsFolder,
      database: cluster && {
        identifier: instanceIdentifier,
        cluster,
        databaseName,
        settings: options.retentionDays === undefined ? {} : { BackupRetentionPeriod: options.retentionDays },
      },
    });
    stops.push(() => aws.close());
    aws.sns.onMessage((message) => {
      const alert = readAlert(message);
      if (alert) options.onAlert(alert);
    });
    aws.sns.subscribe(aws.env[environment.alertTopicArn] ?? '', terminal);

    const stage = process.env[environment.stage] || 'local';
    const awsEnv = { ...aws.env, ...settingsOfBackups, [environment.stage]: stage };
    Object.assign(process.env, env, awsEnv);
    process.env[environment.databaseUrl] = loginUrl(adminUrl, 'stockade_api');
    process.env[environment.jobsDatabaseUrl] = loginUrl(adminUrl, 'stockade_jobs');
    process.env[environment.databaseMaxConnections] ??= String(maxConnections);
    process.env[environment.keyEnvironment] ??= 'live';
    // A terminal is for people: what each request logs at INFO is in the access lines, faults are not.
    process.env.POWERTOOLS_LOG_LEVEL ??= 'WARN';
    process.env.POWERTOOLS_METRICS_DISABLED ??= 'true';
    log.setLogLevel(process.env.POWERTOOLS_LOG_LEVEL as 'WARN');
    let ready = false;
    const loader = createHandlerLoader({ watch: options.watch });
    stops.push(
      () => loader.close(),
      endConnections,
      async () => closeAwsClients(),
    );
    stops.push(noteReceipts(aws.sns, loader));
    const gateway = await serveGateway({
      routes,
      load: loader.load,
      port: options.port,
      onRequest: (line) => ready && options.onRequest(line),
    });
    stops.push(() => gateway.close());

    const demo = await prepareDemo(adminUrl, database, join(options.data, 'demo.json'));
    if (demo) await seedDemo(gateway.url, demo);

    const platformFile = join(options.data, 'platform.json');
    const note: PlatformFile = {
      pid: process.pid,
      url: gateway.url,
      adminUrl,
      aws: awsEnv,
    };
    await writeFile(platformFile, JSON.stringify(note), { mode: 0o600 });
    stops.push(() => rm(platformFile, { force: true }));
    ready = true;
    const scheduler = createScheduler({
      schedules: options.schedules.filter(({ worksOn }) => cluster || !worksOn),
      run: createJobRunner(loader),
      onReport: options.onJob,
      clock: systemClock,
      graceMs,
    });
    stops.push(() => scheduler.stop());
    // Before the first snapshot, so that it is in it.
    await scheduler.runNow('heartbeat');
    const due = scheduler.start();
    // The first snapshot is taken now, when nobody waits for the platform any more.
    aws.rds.keepUp({
      archiveEveryMs: options.archiveEveryMs,
      snapshotEveryMs: options.snapshotEveryHours * 3_600_000,
    });
    return { url: gateway.url, migrations, demo: demo?.organizations ?? [], due, databaseEnded: ended, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What runs here has no other region, and drills compare a copy with the SQL of this checkout. */
const settingsOfBackups = {
  [environment.backupCopyRegion]: 'none',
  [environment.sqlDirectory]: join(paths.root, 'sql'),
};

/** The person at the terminal gets the alerts. */
const terminal = { protocol: 'application', endpoint: 'the terminal of npm start' };

/** An interrupted job may still hold a connection, which ends with the database. */
async function endConnections(): Promise<void> {
  await Promise.race([closeDatabase(), sleep(graceMs, undefined, { ref: false })]);
}

async function openDatabase(
  { data, databaseUrl, fresh }: PlatformOptions,
  stops: (() => Promise<void>)[],
): Promise<{ adminUrl: string; database: string; cluster?: Cluster; ended: Promise<void> }> {
  if (databaseUrl) {
    const { host, pathname } = new URL(databaseUrl);
    // A Postgres that is not ours is not ours to watch.
    return { adminUrl: databaseUrl, database: host + pathname, ended: new Promise(() => {}) };
  }
  const cluster = await startCluster({ directory: join(data, 'postgres'), archive: true });
  stops.push(() => cluster.stop());
  await ensureDatabase(cluster.url, fresh);
  if (fresh) await rm(join(data, 'demo.json'), { force: true });
  const url = new URL(cluster.url);
  url.pathname = databaseName;
  // The port is another one at every start.
  return { adminUrl: url.href, database: 'embedded', cluster, ended: cluster.ended };
}

async function ensureDatabase(clusterUrl: string, fresh: boolean): Promise<void> {
  const name = escapeIdentifier(databaseName);
  const client = new Client(clusterUrl);
  await client.connect();
  try {
    if (fresh) await client.query(`drop database if exists ${name} with (force)`);
    const { rowCount } = await client.query('select from pg_database where datname = $1', [databaseName]);
    if (!rowCount) await client.query(`create database ${name}`);
  } finally {
    await client.end();
  }
}
