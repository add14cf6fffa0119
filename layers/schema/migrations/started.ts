import type { Client } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import type { Migration } from '../book/migration-files.ts';
import { recordApplied } from './session.ts';

/** How far a migration that is not one transaction has come. */
export interface Started {
  /** Of a file that runs statement by statement: how many are done. */
  readonly statementsDone: number;
  /** The statement that was begun, counted from 1; 0 before the first. */
  readonly statementBegun: number;
  /** Of a backfill: where its last batch ended, as the text of a jsonb. */
  readonly checkpoint: string | null;
  readonly rowsFilled: number;
}

const nothing: Started = { statementsDone: 0, statementBegun: 0, checkpoint: null, rowsFilled: 0 };

/** How far an earlier run of this very file has come. A file that was changed since begins again. */
export async function readStarted(client: Client, { number, sha256 }: Migration): Promise<Started> {
  const { rows } = await client.query(
    `select statements_done as "statementsDone", statement_begun as "statementBegun", checkpoint::text,
       rows_filled as "rowsFilled"
     from stockade_migrations.started where number = $1 and sha256 = $2`,
    [number, sha256],
  );
  return rows[0] ? { ...rows[0], rowsFilled: Number(rows[0].rowsFilled) } : nothing;
}

/** Writes down how far it has come. The caller's transaction, if there is one, decides whether it stays. */
export async function noteStarted(client: Client, file: Migration, started: Started): Promise<void> {
  await client.query(
    `insert into stockade_migrations.started
       (number, sha256, statements_done, statement_begun, checkpoint, rows_filled)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (number) do update
       set sha256 = excluded.sha256,
           statements_done = excluded.statements_done,
           statement_begun = excluded.statement_begun,
           checkpoint = excluded.checkpoint,
           rows_filled = excluded.rows_filled,
           started_at = case
             when started.sha256 = excluded.sha256 then started.started_at
             else excluded.started_at
           end`,
    [
      file.number,
      file.sha256,
      started.statementsDone,
      started.statementBegun,
      started.checkpoint,
      started.rowsFilled,
    ],
  );
}

/** Records a file that is not one transaction as applied, and forgets how far it had come. */
export async function recordFinished(client: Client, file: Migration, durationMs: number): Promise<void> {
  await inTransaction(client, async () => {
    await forgetStarted(client, file);
    await recordApplied(client, file, durationMs);
  });
}

/** Forgets how far it has come: it is done, or nothing of it is left. */
export async function forgetStarted(client: Client, { number }: Migration): Promise<void> {
  await client.query('delete from stockade_migrations.started where number = $1', [number]);
}
