import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { MigrationError } from '../../migration-error.ts';

/** When a backfill pauses for others. Each limit is one that a database without trouble does not reach. */
export interface PauseLimits {
  /** How far a replica may be behind: in time, … */
  readonly maxReplicaLagMs: number;
  /** … and in WAL: a replica that has stopped to replay reports no time. */
  readonly maxReplicaLagBytes: number;
  /** The age of an open transaction. While one is open, vacuum cannot remove the old versions of the rows that were filled. */
  readonly maxTransactionAgeMs: number;
  /** How long one pause may last before the run stops. */
  readonly maxPauseMs: number;
}

export const defaultPauseLimits: PauseLimits = {
  maxReplicaLagMs: 10_000,
  maxReplicaLagBytes: 256 * 1024 * 1024,
  maxTransactionAgeMs: 5 * 60_000,
  maxPauseMs: 60 * 60_000,
};

export interface PauseOptions {
  readonly file: string;
  readonly signal?: AbortSignal | undefined;
  /** Called when a pause begins, and again for each other reason, and every ten seconds. */
  readonly onPause: (reason: string, pausedMs: number) => void | Promise<void>;
}

const askAgainMs = 500;
const tellAgainMs = 10_000;

/**
 * Waits until nothing speaks against the next batch.
 * @returns how long it has waited, in milliseconds
 * @throws MigrationError after `maxPauseMs`, with the reason
 */
export async function pauseForOthers(
  client: Client,
  limits: PauseLimits,
  { file, signal, onPause }: PauseOptions,
): Promise<number> {
  const startedMs = performance.now();
  let told: { reason: string; atMs: number } | undefined;
  for (;;) {
    const reason = await reasonToPause(client, limits);
    const pausedMs = performance.now() - startedMs;
    if (reason === undefined) return told ? pausedMs : 0;
    if (pausedMs >= limits.maxPauseMs) {
      throw new MigrationError(
        `${file} has paused for ${inUnits(pausedMs)}: ${reason.text}`,
        'The rows that are filled stay filled. Run again when that has ended; it continues there.',
      );
    }
    if (reason.about !== told?.reason || pausedMs - told.atMs >= tellAgainMs) {
      told = { reason: reason.about, atMs: pausedMs };
      await onPause(reason.text, pausedMs);
    }
    await delay(Math.min(askAgainMs, limits.maxPauseMs - pausedMs), undefined, { signal });
  }
}

/** Whether this user may see the replicas and the transactions of others; a pause needs both. */
export async function seesOthers(client: Client): Promise<boolean> {
  const { rows } = await asConnectingUser(client, (one) =>
    one.query<{ sees: boolean }>(`select pg_has_role('pg_read_all_stats', 'usage') as sees`),
  );
  return rows[0]?.sees ?? false;
}

interface Reason {
  /** The replica or the transaction. */
  readonly about: string;
  readonly text: string;
}

interface Pressure {
  readonly about: string;
  readonly kind: 'lag' | 'wal' | 'transaction';
  readonly amount: number;
}

async function reasonToPause(client: Client, limits: PauseLimits): Promise<Reason | undefined> {
  const { rows } = await asConnectingUser(client, (one) =>
    one.query<Pressure>(pressures, [
      limits.maxReplicaLagMs,
      limits.maxReplicaLagBytes,
      limits.maxTransactionAgeMs,
    ]),
  );
  const [worst] = rows;
  return worst && { about: worst.about, text: textOf(worst) };
}

function textOf({ about, kind, amount }: Pressure): string {
  switch (kind) {
    case 'lag':
      return `the replica ${about} is ${inUnits(amount)} behind`;
    case 'wal':
      return `the replica ${about} has ${Math.round(amount / 1024 / 1024)} MB of WAL to replay`;
    case 'transaction':
      return `${about} has had a transaction open for ${inUnits(amount)}`;
  }
}

function inUnits(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}

/** A base backup is no replica. Postgres' own workers end by themselves. */
const pressures = `
  with replicas as (
    select
      concat_ws(' ', nullif(application_name, ''), '(' || host(client_addr) || ')') as about,
      1000 * extract(epoch from greatest(write_lag, flush_lag, replay_lag)) as lag_ms,
      pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) as wal_bytes
    from pg_stat_replication
    where state in ('catchup', 'streaming')
  ),
  transactions as (
    select
      format('pid %s (user %s, %s)', pid, usename, state) as about,
      1000 * extract(epoch from clock_timestamp() - xact_start) as age_ms
    from pg_stat_activity
    where datname = current_database()
      and pid <> pg_backend_pid()
      and backend_type = 'client backend'
      and (backend_xid is not null or backend_xmin is not null)
      and xact_start is not null
    union all
    select format('the prepared transaction %L', gid), 1000 * extract(epoch from clock_timestamp() - prepared)
    from pg_prepared_xacts
    where database = current_database()
  )
  select 'lag' as kind, about, lag_ms::float8 as amount from replicas where lag_ms > $1
  union all
  select 'wal', about, wal_bytes::float8 from replicas where wal_bytes > $2
  union all
  select 'transaction', about, age_ms::float8 from transactions where age_ms > $3
  order by kind, amount desc`;

/** The user who migrates sees more than the owner of the schema: sessions of others, and replicas. */
function asConnectingUser<Result>(client: Client, ask: (client: Client) => Promise<Result>): Promise<Result> {
  return inTransaction(client, () => ask(client), { begin: 'begin read only; set local role none' });
}
