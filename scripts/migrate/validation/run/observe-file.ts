import { setTimeout as delay } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { locateSqlError } from '#schema/migration-error.ts';
import type { LockMode } from '#schema/validator/effects/lock-modes.ts';
import type { Review } from '#schema/validator/review.ts';
import { kindOf } from '#schema/validator/syntax/nodes.ts';
import type { SqlStatement } from '#schema/validator/syntax/statements.ts';
import type { FileVerdict } from '#schema/validator/validate.ts';
import { readInvalidIndexes, readLocks, readTables, type TableState } from './facts.ts';

/** What one statement really did. */
export interface Observation {
  readonly statement: SqlStatement;
  /** The statement, and those of its DO block. */
  readonly reviews: readonly Review[];
  /** The tables that were there before the file, as they were before the statement. */
  readonly before: ReadonlyMap<number, TableState>;
  /** The strongest lock of its transaction up to now on each of them; undefined when it could not be seen. */
  readonly locks: ReadonlyMap<number, LockMode> | undefined;
  readonly rewritten: ReadonlySet<number>;
  readonly scanned: ReadonlySet<number>;
  /** Whether it began a transaction of its own. */
  readonly isFirst: boolean;
}

/** What a file really did. */
export interface FileObservation {
  readonly statements: readonly Observation[];
  /** The indexes it left behind that are not valid. */
  readonly invalidIndexes: readonly string[];
}

/** Runs a file as its runner does, and looks after each statement at what it has locked, read and written. */
export async function observeFile(
  databaseUrl: string,
  verdict: FileVerdict,
  content: string,
): Promise<FileObservation> {
  const client = new Client({ connectionString: databaseUrl });
  const watcher = new Client({ connectionString: databaseUrl });
  await client.connect();
  await watcher.connect();
  try {
    return await new Observer(client, watcher, verdict, content).run();
  } finally {
    await client.end();
    await watcher.end();
  }
}

class Observer {
  readonly #client: Client;
  readonly #watcher: Client;
  readonly #verdict: FileVerdict;
  readonly #content: string;
  readonly #statements: Observation[] = [];

  constructor(client: Client, watcher: Client, verdict: FileVerdict, content: string) {
    this.#client = client;
    this.#watcher = watcher;
    this.#verdict = verdict;
    this.#content = content;
  }

  async run(): Promise<FileObservation> {
    const { file, directives } = this.#verdict;
    const old = new Set((await readTables(this.#client)).keys());
    const invalidBefore = await readInvalidIndexes(this.#client);
    const isOne = file.runner === 'transaction' || (file.runner === 'stockade' && file.way === 'transaction');
    const role = file.runner === 'stockade' ? `; set local role ${directives.role}` : '';
    let isOpen = false;
    for (const [index, statement] of file.statements.entries()) {
      const reviews = this.#reviewsOf(statement);
      const control = transactionWord(statement);
      if (control) {
        await this.#run(statement);
        isOpen = control === 'begin';
        continue;
      }
      // Only the first one is the statement itself: those within a DO block are part of its transaction.
      if (reviews[0]?.effects.waitsForOthers || isAlone(statement)) {
        await this.#observeAlone(statement, reviews, old);
        continue;
      }
      const begins = !isOpen && (!isOne || index === 0);
      if (begins) await this.#client.query(`begin${role}; set local search_path = public`);
      await this.#observe(statement, reviews, old, begins || (isOpen && this.#isFirstOfBlock(index)));
      if (begins && !isOne) await this.#commit(statement);
    }
    const last = file.statements.at(-1);
    if (isOne && last) await this.#commit(last);
    const invalidIndexes = (await readInvalidIndexes(this.#client)).filter(
      (each) => !invalidBefore.includes(each),
    );
    return { statements: this.#statements, invalidIndexes };
  }

  #isFirstOfBlock(index: number): boolean {
    const previous = this.#verdict.file.statements[index - 1];
    return previous !== undefined && transactionWord(previous) === 'begin';
  }

  #reviewsOf(statement: SqlStatement): Review[] {
    const { reviews } = this.#verdict;
    const at = reviews.findIndex((review) => review.statement === statement);
    const inner = reviews.slice(at + 1).findIndex((review) => !review.statement.isInDo);
    return reviews.slice(at, inner < 0 ? undefined : at + 1 + inner);
  }

  async #observe(
    statement: SqlStatement,
    reviews: Review[],
    old: ReadonlySet<number>,
    isFirst: boolean,
  ): Promise<void> {
    const before = onlyOld(await readTables(this.#client), old);
    await this.#run(statement);
    const after = await readTables(this.#client);
    const { rows } = await this.#client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const locks = await readLocks(this.#client, rows[0]?.pid ?? 0);
    const changed = (differs: (one: TableState, other: TableState) => boolean) =>
      new Set([...before].filter(([oid, one]) => differs(one, after.get(oid) ?? one)).map(([oid]) => oid));
    this.#statements.push({
      statement,
      reviews,
      before,
      locks,
      rewritten: changed((one, other) => one.file !== other.file),
      scanned: changed((one, other) => one.scans < other.scans),
      isFirst,
    });
  }

  /** A statement that Postgres refuses in a transaction: a writer holds it up, so that its locks can be seen. */
  async #observeAlone(statement: SqlStatement, reviews: Review[], old: ReadonlySet<number>): Promise<void> {
    const before = onlyOld(await readTables(this.#client), old);
    const waits = reviews.some(({ effects }) => effects.waitsForOthers);
    const named = new Set(reviews.flatMap(({ effects }) => effects.tables.map(({ table }) => table)));
    const held = [...before.values()].find(({ name }) => named.has(name));
    const locks = waits && held ? await this.#heldUp(statement, held) : undefined;
    if (!locks) await this.#run(statement);
    const after = await readTables(this.#client);
    const rewritten = new Set(
      [...before].filter(([oid, { file }]) => (after.get(oid)?.file ?? file) !== file).map(([oid]) => oid),
    );
    this.#statements.push({
      statement,
      reviews,
      before,
      locks,
      rewritten,
      scanned: new Set(),
      isFirst: true,
    });
  }

  async #heldUp(statement: SqlStatement, { name }: TableState): Promise<ReadonlyMap<number, LockMode>> {
    const { rows } = await this.#client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const pid = rows[0]?.pid ?? 0;
    const [schema = '', table = ''] = name.split('.');
    const quoted = `${this.#watcher.escapeIdentifier(schema)}.${this.#watcher.escapeIdentifier(table)}`;
    await this.#watcher.query(`begin; lock table ${quoted} in row exclusive mode`);
    let isDone = false;
    const running = this.#run(statement).finally(() => {
      isDone = true;
    });
    running.catch(() => {});
    let isWaiting = false;
    while (!isDone && !isWaiting) {
      const waiting = await this.#watcher.query(
        "select from pg_locks where pid = $1 and not granted and locktype = 'virtualxid'",
        [pid],
      );
      isWaiting = waiting.rows.length > 0;
      if (!isWaiting) await delay(5);
    }
    const locks = await readLocks(this.#watcher, pid);
    await this.#watcher.query('commit');
    await running;
    return locks;
  }

  async #run(statement: SqlStatement): Promise<void> {
    const isBatch = this.#verdict.file.way === 'backfill' && /\$2/.test(statement.text);
    try {
      await this.#client.query(statement.text, isBatch ? [null, 10_000] : undefined);
    } catch (error) {
      throw this.#located(error, statement);
    }
  }

  async #commit(statement: SqlStatement): Promise<void> {
    await this.#client.query('commit').catch((error: unknown) => {
      throw this.#located(error, statement);
    });
  }

  #located(error: unknown, { start, text }: SqlStatement): unknown {
    if (!(error instanceof DatabaseError)) return error;
    return locateSqlError(error, { file: this.#verdict.file.file, content: this.#content, start, text });
  }
}

function onlyOld(tables: ReadonlyMap<number, TableState>, old: ReadonlySet<number>): Map<number, TableState> {
  return new Map([...tables].filter(([oid]) => old.has(oid)));
}

/** Statements that Postgres refuses in a transaction although they wait for nobody. */
function isAlone({ node }: SqlStatement): boolean {
  return ['VacuumStmt', 'DropdbStmt', 'CreatedbStmt', 'AlterSystemStmt', 'DiscardStmt'].includes(
    kindOf(node),
  );
}

function transactionWord({ node, text }: SqlStatement): 'begin' | 'end' | undefined {
  if (kindOf(node) !== 'TransactionStmt') return undefined;
  return /^(?:begin|start)/i.test(text) ? 'begin' : 'end';
}
