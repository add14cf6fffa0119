import { join } from 'node:path';
import type { Client, ClientConfig } from 'pg';
import { readDatabaseSecret } from '#platform/aws/database-secret.ts';
import { type MasterConfig, masterConfig, sqlDirectory } from '#platform/config.ts';
import { log } from '#platform/log.ts';
import { counted } from '#platform/text/plural.ts';
import { readIsolationRules } from '#schema/lint/isolation-rules.ts';
import { MigrationError, NewerSchema } from '#schema/migration-error.ts';
import {
  type MigrateOptions,
  type MigrationEvent,
  type MigrationReport,
  migrate,
  withClient,
} from '#schema/migrations/migrate.ts';
import { interlocked } from './interlocked.ts';

/** What a deploy has done to the schema. */
export interface Deployed {
  readonly applied: readonly string[];
  /** A newer release has migrated this database, so this deploy leaves it as it is. */
  readonly isNewer: boolean;
}

/** What must hold when the database is an inventory that another program still works on. */
export interface MoveGuards {
  /** Refuses to begin. */
  readonly refuseUndecided: (client: Client) => Promise<void>;
  /** Refuses the migration that ends the other program. */
  readonly allowSwitch: NonNullable<MigrateOptions['beforeContract']>;
  /** The name of that migration. */
  readonly switchName: string;
}

export interface DeployOptions {
  readonly remainingMs: () => number;
  readonly move: MoveGuards;
}

/** The time that a run needs to stop: one batch, or one statement that waits for a lock. */
const reserveMs = 60_000;

/** A serverless database that sleeps wakes up when it is asked, which takes half a minute. */
const connectMs = 60_000;

/** CloudFormation refuses an answer of more than 4,096 bytes, and then shows no reason at all. */
const maxMessageCharacters = 2_000;

/**
 * Migrates the database of this function to the release that this function belongs to, as `npm run migrate:all` does. It stops
 * a minute before its time is over; the next call continues there.
 *
 * A database that a newer release has migrated is left as it is: CloudFormation runs the function of the earlier release when
 * it rolls back, and every release works with the migrations of the next one until a contract.
 * @throws MigrationError when the migration did not finish, or the wall is open afterwards
 */
export async function migrateAtDeploy({ remainingMs, move }: DeployOptions): Promise<Deployed> {
  const sql = sqlDirectory();
  const config = masterConfig();
  const { client, url } = await connectionOf(config);
  const workMs = Math.max(remainingMs() - reserveMs, 1);
  const stop = AbortSignal.timeout(workMs);
  let last: MigrationEvent | undefined;
  try {
    const source = {
      client: { ...client, connectionTimeoutMillis: Math.min(connectMs, remainingMs()) },
      directory: join(sql, 'migrations'),
    };
    await withClient(source, move.refuseUndecided);
    const interlock = interlocked(url, (point) =>
      log.warn('only a backup can undo this migration', { ...point }),
    );
    const report = await migrate({
      ...source,
      wallFrom: move.switchName,
      rules: await readIsolationRules(join(sql, 'lint')),
      signal: stop,
      // Another call of the function, or a person, may be at work: after it nothing is left to do.
      turnWaitMs: Math.max(workMs - reserveMs, 1),
      beforeContract: async (file, connected, run) => {
        await move.allowSwitch(file, connected, run);
        await interlock?.(file, connected, run);
      },
      onProgress: (event) => {
        if (event.kind !== 'filling') log.info('migrating', { event });
        last = event;
      },
    });
    refuseOpened(report);
    const applied = [...report.applied, ...report.functions.applied].map(({ name }) => name);
    log.info('migrated', { applied });
    return { applied, isNewer: false };
  } catch (error) {
    if (stop.aborted && isStop(error)) throw withRemedy(outOfTime(last));
    if (!(error instanceof NewerSchema)) throw withRemedy(refusedConnection(error, url) ?? error);
    log.warn('a newer release has migrated this database: it was left as it is', { reason: error.message });
    return { applied: [], isNewer: true };
  }
}

async function connectionOf(config: MasterConfig): Promise<{ client: ClientConfig; url: string }> {
  if ('url' in config) return { client: { connectionString: config.url }, url: config.url };
  const { host, port, name, secretArn } = config;
  const { username, password } = await readDatabaseSecret(secretArn);
  return {
    client: { host, port, database: name, user: username, password, ssl: { rejectUnauthorized: true } },
    // For the interlock, which reads the host.
    url: `postgres://${host}:${port}/${name}`,
  };
}

function refuseOpened({ opened, isolation }: MigrationReport): void {
  const report = opened?.isolation ?? (isolation?.ok === false ? isolation : undefined);
  if (!report) return;
  const faults = report.outcomes.flatMap(({ rule, faults, couldNotRun }) => [
    ...faults.map(({ object, detail }) => `${rule.name}: ${object}: ${detail}`),
    ...(couldNotRun === undefined ? [] : [`${rule.name} could not run: ${couldNotRun}`]),
  ]);
  throw new MigrationError(
    `${opened ? `After ${opened.after.join(', ')}` : 'At the newest schema'} the isolation lint has ${counted(faults.length, 'fault')}: ${faults.slice(0, 5).join('; ')}`,
    'What was applied stays. Run npm run validate:isolation for all faults and their remedies.',
  );
}

/** CloudFormation and the log of Lambda show only the message of an error. */
function withRemedy(error: unknown): unknown {
  if (!(error instanceof MigrationError)) return error;
  const room = maxMessageCharacters - (error.remedy?.length ?? 0);
  const message = error.message.length > room ? `${error.message.slice(0, room)} …` : error.message;
  return new MigrationError(`${message}\n${error.remedy}`, error.remedy, { cause: error });
}

const refusals = new Set(['28P01', '28000']);
const silences = new Set(['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', '57P03']);

/** The error when no connection came about; undefined for any other. */
function refusedConnection(error: unknown, url: string): MigrationError | undefined {
  if (!(error instanceof Error) || error instanceof MigrationError) return undefined;
  const { host } = new URL(url);
  const code = String((error as NodeJS.ErrnoException).code);
  if (refusals.has(code)) {
    return new MigrationError(
      `the database at ${host} does not take the user of the secret: ${error.message}`,
      'Compare the secret with the password of the database; RDS changes both together. Then deploy again.',
      { cause: error },
    );
  }
  if (!silences.has(code) && error.message !== 'timeout expired') return undefined;
  return new MigrationError(
    `the database at ${host} does not answer: ${error.message}`,
    'See that it runs and that its security group lets this function in. Then deploy again.',
    { cause: error },
  );
}

/** How work ends that a signal stops; a fault that comes after the signal is still a fault. */
function isStop(error: unknown): boolean {
  return error instanceof Error && ['AbortError', 'TimeoutError'].includes(error.name);
}

function outOfTime(last: MigrationEvent | undefined): MigrationError {
  const at = last && 'name' in last ? ` at ${last.name}` : '';
  const filled =
    last?.kind === 'filling' ? ` (${last.rowsFilled} of ${counted(last.rowsTotal, 'row')} filled)` : '';
  return new MigrationError(
    `the migration needs more time than one call of the function has: it stopped${at}${filled}`,
    'Everything that was done is kept. Call the function again until it succeeds, or run npm run migrate:all; then deploy again.',
  );
}
