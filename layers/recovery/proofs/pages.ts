import type { Client } from 'pg';
import { isSqlError } from '#platform/postgres/sqlstate.ts';
import { inTransaction } from '#platform/postgres/transaction.ts';
import { CouldNotRun, type Findings, type ProofContext } from './proof.ts';

interface Relation {
  readonly relation: string;
  readonly oid: number;
  readonly how: 'heap' | 'btree' | null;
  readonly valid: boolean;
  readonly method: string | null;
}

/** Proves that every row of every table can be read and is well-formed, including values stored outside their row. */
export async function proveHeap(context: ProofContext, findings: Findings): Promise<void> {
  await withAmcheck(context, findings, async (amcheck, relations) => {
    for (const { relation, oid, how } of relations) {
      if (how !== 'heap') continue;
      const rows = await amcheck.ask<{ blkno: string; offnum: number | null; msg: string }>(
        relation,
        `select blkno, offnum, msg
         from ${amcheck.schema}.verify_heapam(relation => ${oid}::oid::regclass, check_toast => true, skip => 'none')`,
      );
      findings.add('tables', 1);
      for (const { blkno, offnum, msg } of rows)
        findings.fault(`${relation}, page ${blkno}${offnum === null ? '' : `, row ${offnum}`}: ${msg}`);
    }
  });
}

/** Proves that every index is in order and has an entry for every row of its table. */
export async function proveIndexes(context: ProofContext, findings: Findings): Promise<void> {
  await withAmcheck(context, findings, async (amcheck, relations) => {
    const unique = amcheck.serverVersion >= 170_000 ? ', checkunique => true' : '';
    const check = (oid: number) =>
      `bt_index_parent_check(index => ${oid}::oid::regclass, heapallindexed => true, rootdescend => true${unique})`;
    for (const { relation, oid, how, valid, method } of relations) {
      if (how === 'heap') continue;
      if (!valid) findings.fault(`${relation} is invalid: its creation was interrupted`);
      else if (how === null)
        throw new CouldNotRun(`${relation} is a ${method} index, which no proof can check`);
      else {
        await amcheck.ask(relation, `select ${amcheck.schema}.${check(oid)}`);
        findings.add('indexes', 1);
      }
    }
  });
}

interface Amcheck {
  readonly schema: string;
  readonly serverVersion: number;
  /** The rows that checking one relation returns. Damage that interrupts it becomes a finding. */
  ask<Row>(relation: string, check: string): Promise<Row[]>;
}

/** Runs in one transaction that is rolled back: the extension is not part of the schema, and must leave no trace. */
async function withAmcheck(
  { connect, book, signal }: ProofContext,
  findings: Findings,
  work: (amcheck: Amcheck, relations: readonly Relation[]) => Promise<void>,
): Promise<void> {
  const client = await connect();
  const { rows: relations } = await client.query<Relation>(book.relations);
  await inTransaction(
    client,
    async () => {
      const schema = await ensureAmcheck(client);
      const { rows } = await client.query<{ version: number }>(
        `select current_setting('server_version_num')::int as version`,
      );
      await work(
        {
          schema,
          serverVersion: rows[0]?.version ?? 0,
          async ask<Row>(relation: string, check: string) {
            signal?.throwIfAborted();
            return (await checkOne(client, findings, relation, check)) as Row[];
          },
        },
        relations,
      );
    },
    { ending: 'rollback' },
  );
}

async function ensureAmcheck(client: Client): Promise<string> {
  try {
    // Several commands may prove one copy, and two that create an extension can wait for each other in a circle.
    await client.query(`select pg_advisory_xact_lock(hashtextextended('stockade amcheck', 0))`);
    await client.query('create extension if not exists amcheck schema public');
  } catch (error) {
    throw new CouldNotRun(`the extension amcheck could not be created: ${(error as Error).message}`);
  }
  const { rows } = await client.query<{ schema: string }>(
    `select quote_ident(n.nspname) as schema
     from pg_extension e join pg_namespace n on n.oid = e.extnamespace
     where e.extname = 'amcheck'`,
  );
  if (!rows[0]) throw new CouldNotRun('the extension amcheck was created but is missing');
  return rows[0].schema;
}

/** Sends one message per relation: there are hundreds, and most are small. */
async function checkOne(
  client: Client,
  findings: Findings,
  relation: string,
  check: string,
): Promise<unknown[]> {
  try {
    const [, result] = [await client.query(`savepoint one; ${check}; release savepoint one`)].flat();
    return result?.rows ?? [];
  } catch (error) {
    if (!isDamage(error)) throw error;
    await client.query('rollback to savepoint one');
    findings.fault(`${relation}: ${(error as Error).message}`);
    return [];
  }
}

/** Whether Postgres reports damaged pages: `data_corrupted` or `index_corrupted`. */
export function isDamage(error: unknown): boolean {
  return isSqlError(error) && ['XX001', 'XX002'].includes(error.code);
}
