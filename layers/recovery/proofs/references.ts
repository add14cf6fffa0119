import type { Client } from 'pg';
import { isSqlError } from '#platform/sqlstate.ts';
import type { Findings, ProofContext } from './proof.ts';

interface ForeignKey {
  readonly name: string;
  readonly table: string;
  readonly owner: string;
  readonly definition: string;
}

const foreignKeyViolation = '23503';

/**
 * Whatever a row points at is there. A row that has vanished from its page leaves no damage that could be seen there, and
 * indexes do not miss it. Every foreign key is made once more, in a transaction that is undone: Postgres then compares
 * all of it, whoever may see which rows.
 */
export async function proveReferences({ connect, signal }: ProofContext, findings: Findings): Promise<void> {
  const client = await connect();
  const { rows: keys } = await client.query<ForeignKey>(
    `select k.conname as name, k.conrelid::regclass::text as "table", quote_ident(pg_get_userbyid(c.relowner)) as owner,
       pg_get_constraintdef(k.oid) as definition
     from pg_constraint k
     join pg_class c on c.oid = k.conrelid
     where k.contype = 'f'
     order by 2, 1`,
  );
  const mayEverything = await bypassesRowSecurity(client);
  await client.query('begin');
  try {
    for (const key of keys) {
      signal?.throwIfAborted();
      const missing = await missingReference(client, key, mayEverything);
      if (missing) findings.fault(`${key.table}: ${missing}`);
      findings.add('foreignKeys', 1);
    }
  } finally {
    await client.query('rollback').catch(() => {});
  }
}

async function missingReference(
  client: Client,
  { name, table, owner, definition }: ForeignKey,
  mayEverything: boolean,
): Promise<string | undefined> {
  await client.query('savepoint one');
  try {
    if (!mayEverything) await client.query(`set local role ${owner}`);
    await client.query(`alter table ${table} add ${definition}`);
    return undefined;
  } catch (error) {
    if (!isSqlError(error) || error.code !== foreignKeyViolation) throw error;
    return `${name}: ${error.detail ?? error.message}`;
  } finally {
    await client.query('rollback to savepoint one').catch(() => {});
  }
}

async function bypassesRowSecurity(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ bypasses: boolean }>(
    'select rolsuper or rolbypassrls as bypasses from pg_roles where rolname = current_user',
  );
  return rows[0]?.bypasses ?? false;
}
