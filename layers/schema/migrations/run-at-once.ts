import type { Client } from 'pg';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { OWNER } from '../book/directives.ts';
import type { Statement } from '../script/sql-statements.ts';
import { refuseRunnersWork } from './refused-statements.ts';
import { type LockPolicy, resetSession, runStatement, type SqlFile } from './session.ts';

/** A file that one role runs. */
export interface RoleFile extends SqlFile {
  readonly role: string;
  /** The schema in which that role may create objects for the time being; none when it already may. */
  readonly schema?: string | undefined;
}

/** What is done in the same transaction. */
export interface Around {
  /** Before the statements, as the role of the file. */
  readonly before?: () => Promise<unknown>;
  /** After them, as the owner, with how long they took, in milliseconds. */
  readonly record: (durationMs: number) => Promise<void>;
}

/**
 * Runs the statements of a file in one transaction, together with what records them.
 * @returns how long they took, in milliseconds
 */
export async function runAtOnce(
  client: Client,
  file: RoleFile,
  statements: readonly Statement[],
  { lockTimeoutMs }: LockPolicy,
  { before, record }: Around,
): Promise<number> {
  refuseRunnersWork(file, statements);
  const startedMs = performance.now();
  await resetSession(client);
  const begin =
    `begin; set local role ${OWNER}; set local search_path = public; set local lock_timeout = ${lockTimeoutMs}` as const;
  return await inTransaction(
    client,
    async () => {
      const lends = file.schema && file.role !== OWNER;
      if (lends) await client.query(`grant create on schema ${file.schema} to ${file.role}`);
      if (file.role !== OWNER) await client.query(`set local role ${file.role}`);
      await before?.();
      for (const statement of statements) await runStatement(client, file, statement);
      await client.query(`set local role ${OWNER}`);
      if (lends) await client.query(`revoke create on schema ${file.schema} from ${file.role}`);
      const durationMs = performance.now() - startedMs;
      await record(durationMs);
      return durationMs;
    },
    { begin },
  );
}
