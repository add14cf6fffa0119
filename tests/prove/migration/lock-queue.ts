import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { migrate } from '#schema/migrations/migrate.ts';
import { paths } from '#scripts/paths.ts';
import { asSuperuser } from '../clone.ts';

/** The longest wait of a short read while a long reader is open and a column is added. */
export interface LockQueue {
  readonly readerMs: number;
  /** With a plain ALTER TABLE, which waits for its lock as long as it takes. */
  readonly plainMs: number;
  /** With the same statement as a migration, which waits no longer than its lock budget. */
  readonly budgetedMs: number;
}

/**
 * Shows what the lock budget is for: a statement that waits for a lock makes everybody wait who comes after it. The reader
 * stays open for `readerMs` each time. The database must be new.
 */
export async function showLockQueue(databaseUrl: string, readerMs: number): Promise<LockQueue> {
  const directory = await mkdtemp(join(tmpdir(), 'stockade-lock-queue-'));
  const source = {
    connectionString: databaseUrl,
    directory,
    rolesFile: join(paths.migrations, '../roles.sql'),
  };
  try {
    await writeFile(
      join(directory, '000001_stock.sql'),
      'create schema lock_queue;\ncreate table lock_queue.stock (id int);',
    );
    await writeFile(
      join(directory, '000002_column.sql'),
      'alter table lock_queue.stock add column budgeted int;',
    );
    await migrate({ ...source, target: 1 });
    const plainMs = await longestRead(databaseUrl, readerMs, () =>
      asSuperuser(databaseUrl, (client) => client.query('alter table lock_queue.stock add column plain int')),
    );
    const budgetedMs = await longestRead(databaseUrl, readerMs, () =>
      migrate({ ...source, lockAttempts: 1_000 }),
    );
    return { readerMs, plainMs, budgetedMs };
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function longestRead(
  databaseUrl: string,
  readerMs: number,
  alter: () => Promise<unknown>,
): Promise<number> {
  const [reader, short] = [new Client(databaseUrl), new Client(databaseUrl)];
  await Promise.all([reader.connect(), short.connect()]);
  try {
    await reader.query('begin; select from lock_queue.stock limit 1');
    const altered = alter();
    const read = readUntil(short, altered);
    await delay(readerMs);
    await reader.query('commit');
    await altered;
    return await read;
  } finally {
    await Promise.all([reader.end(), short.end()]);
  }
}

async function readUntil(client: Client, end: Promise<unknown>): Promise<number> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  end.then(over, over);
  let longestMs = 0;
  while (!isOver) {
    const startedMs = performance.now();
    await client.query('select from lock_queue.stock limit 1');
    longestMs = Math.max(longestMs, performance.now() - startedMs);
    await delay(5);
  }
  return longestMs;
}
