import type { Client } from 'pg';
import { isSqlError } from '#platform/postgres/sqlstate.ts';
import { inTransaction } from '#platform/postgres/transaction.ts';
import type { Findings, ProofContext } from './proof.ts';
import { seeEverything } from './see-everything.ts';

interface ForeignKey {
  readonly name: string;
  readonly table: string;
  readonly definition: string;
}

const foreignKeyViolation = '23503';

/**
 * Proves that every referenced row exists. A row that has vanished from its page leaves no visible damage, and an index does
 * not miss it. So the proof adds every foreign key again, in a transaction that is rolled back: Postgres then checks every
 * row.
 */
export async function proveReferences({ connect, signal }: ProofContext, findings: Findings): Promise<void> {
  const client = await connect();
  const { rows: keys } = await client.query<ForeignKey>(
    `select k.conname as name, k.conrelid::regclass::text as "table", pg_get_constraintdef(k.oid) as definition
     from pg_constraint k
     where k.contype = 'f'
     order by 2, 1`,
  );
  await inTransaction(
    client,
    async () => {
      await seeEverything(client);
      for (const key of keys) {
        signal?.throwIfAborted();
        const missing = await missingReference(client, key);
        if (missing) findings.fault(`${key.table}: ${missing}`);
        findings.add('foreignKeys', 1);
      }
    },
    { ending: 'rollback' },
  );
}

async function missingReference(
  client: Client,
  { name, table, definition }: ForeignKey,
): Promise<string | undefined> {
  await client.query('savepoint one');
  try {
    await client.query(`alter table ${table} add ${definition}`);
    return undefined;
  } catch (error) {
    if (!isSqlError(error) || error.code !== foreignKeyViolation) throw error;
    return `${name}: ${error.detail ?? error.message}`;
  } finally {
    await client.query('rollback to savepoint one').catch(() => {});
  }
}
