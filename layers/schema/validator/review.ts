import type { AlterTableCmd } from 'libpg-query';
import type { Way } from '../book/directives.ts';
import type { Effects, TableEffect } from './effects/effects.ts';
import { blocksWrites } from './effects/lock-modes.ts';
import type { KnownSchema } from './schema/known-schema.ts';
import { allOf, as, nameOf } from './syntax/nodes.ts';
import type { SqlStatement } from './syntax/statements.ts';

/**
 * Who runs the files. `stockade`: the runner of Stockade, which sets the lock budget and reads the `--!` lines. `transaction`:
 * another program that runs each file in one transaction. `statement`: psql and the like, where each statement is committed
 * alone, except between BEGIN and COMMIT.
 */
export const runners = ['stockade', 'transaction', 'statement'] as const;
export type Runner = (typeof runners)[number];

/** The file that is reviewed. */
export interface ReviewedFile {
  readonly file: string;
  readonly runner: Runner;
  readonly way: Way;
  /** True after `--! contract`: it may take away what the release before it needs. */
  readonly isContract: boolean;
  readonly statements: readonly SqlStatement[];
}

/** One statement, and everything that a rule may ask about it. */
export interface Review {
  readonly file: ReviewedFile;
  readonly statement: SqlStatement;
  readonly effects: Effects;
  /** The schema before the statement. */
  readonly schema: KnownSchema;
  /** What ran before it in its transaction; undefined when it is committed alone. */
  readonly transaction: readonly Review[] | undefined;
  /** The session's `lock_timeout` in milliseconds when the statement runs; undefined when nothing has set it. */
  readonly lockTimeoutMs: number | undefined;
  /** What of a DO block is known only while it runs. */
  readonly unreadable: readonly string[];
  /** Whether this file has created the table: it is empty, and nobody waits for it. */
  readonly isNew: (table: string) => boolean;
}

/** The effects on tables that others use. */
export function effectsOnOthers({ effects, isNew }: Review): TableEffect[] {
  return effects.tables.filter(({ table }) => !isNew(table));
}

/** The tables that others use and whose writers wait for the statement. */
export function stalledTables(review: Review): string[] {
  return effectsOnOthers(review)
    .filter(({ lock }) => blocksWrites(lock))
    .map(({ table }) => table);
}

/** The commands of an ALTER TABLE on a table that others use, with the table; none for any other statement. */
export function alterCommands(review: Review): { table: string; command: AlterTableCmd }[] {
  const alter = as(review.statement.node, 'AlterTableStmt');
  const table = nameOf(alter?.relation);
  if (!alter || review.isNew(table)) return [];
  return allOf(alter.cmds, 'AlterTableCmd').map((command) => ({ table, command }));
}
