import type pg from 'pg';
import type { InJobs } from '../in-jobs.ts';
import type { AlertProbe } from './alert-probe.ts';
import { DatabaseUnreachable } from './blindness.ts';
import { once } from './once.ts';

/** With a wrong value of one of these settings, Postgres may lose confirmed commits or overlook damage. */
const watchedSettings = [
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'data_checksums',
  'archive_mode',
  'archive_timeout',
] as const;
export type ServerSettings = Readonly<Record<(typeof watchedSettings)[number], string>>;

/** How far the log is archived, as the server reports it. */
export interface ArchiverState {
  readonly lastArchivedAt: Date | undefined;
  readonly lastFailedAt: Date | undefined;
  readonly lastFailedFile: string | undefined;
}

/** What the monitor reads from Postgres. Every reader raises DatabaseUnreachable when the database does not answer. */
export interface PostgresReader {
  readonly settings: () => Promise<ServerSettings>;
  readonly archiver: () => Promise<ArchiverState>;
  /** The test alerts, the newest first. */
  readonly alertProbes: () => Promise<readonly AlertProbe[]>;
}

export function postgresReader(inJobs: InJobs): PostgresReader {
  const read = <T extends pg.QueryResultRow>(statement: string, values: unknown[] = []) =>
    asking(() => inJobs(async (jobs) => (await jobs.query<T>(statement, values)).rows));
  return {
    settings: once(async () => {
      const rows = await read<{ name: string; setting: string }>(
        'select name, setting from pg_catalog.pg_settings where name = any ($1)',
        [watchedSettings],
      );
      return Object.fromEntries(rows.map(({ name, setting }) => [name, setting])) as ServerSettings;
    }),
    archiver: once(async () => {
      const [row] = await read<{ archived: Date | null; failed: Date | null; file: string | null }>(
        `select last_archived_time as archived, last_failed_time as failed, last_failed_wal as file
         from pg_catalog.pg_stat_archiver`,
      );
      return {
        lastArchivedAt: row?.archived ?? undefined,
        lastFailedAt: row?.failed ?? undefined,
        lastFailedFile: row?.file ?? undefined,
      };
    }),
    alertProbes: once(async () => {
      const rows = await read<{
        id: string;
        made: Date;
        sent: Date | null;
        received: Date | null;
        failure: string;
      }>(
        `select id, made_at as made, sent_at as sent, received_at as received, failure
         from recovery.alert_probes()`,
      );
      return rows.map(({ id, made, sent, received, failure }) => ({
        id,
        madeAt: made,
        sentAt: sent ?? undefined,
        receivedAt: received ?? undefined,
        failure: failure ?? undefined,
      }));
    }),
  };
}

/**
 * Asks the database.
 * @throws DatabaseUnreachable on every error, with its message
 */
export async function asking<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause;
    const detail = cause instanceof Error ? ` (${cause.message})` : '';
    throw new DatabaseUnreachable(`${(error as Error).message}${detail}`, { cause: error });
  }
}
