import { type LockMode, stronger } from './lock-modes.ts';

/** What a statement does with the rows of a table while it holds its lock, least first. */
export const works = ['none', 'reads', 'scan', 'rewrite'] as const;

/**
 * `reads`: as many rows as a plan decides. `scan`: every row, to verify something or to build an index. `rewrite`: every row is
 * written to a new file.
 */
export type Work = (typeof works)[number];

/** What a statement does to one table. */
export interface TableEffect {
  readonly table: string;
  readonly lock: LockMode;
  readonly work: Work;
  /** Why it does that work; empty for none. */
  readonly because: string;
  /** False when it depends on what is not known here: a plan, or a table that no file describes. */
  readonly isCertain: boolean;
}

/** Everything that a statement does to tables. */
export interface Effects {
  /** One for each table. */
  readonly tables: readonly TableEffect[];
  /** The tables it creates. Nobody else can see them yet. */
  readonly creates: readonly string[];
  /** Whether it waits until all transactions that may still see the old state have ended. Postgres refuses it inside a transaction. */
  readonly waitsForOthers: boolean;
  /** Why its effects cannot be read from its text. */
  readonly opaque?: string | undefined;
}

export const noEffects: Effects = { tables: [], creates: [], waitsForOthers: false };

/** An effect that is only a lock. */
export function locked(table: string, lock: LockMode): TableEffect {
  return { table, lock, work: 'none', because: '', isCertain: true };
}

/** An effect with work. */
export function working(
  table: string,
  lock: LockMode,
  work: Exclude<Work, 'none'>,
  because: string,
  isCertain = work !== 'reads',
): TableEffect {
  return { table, lock, work, because, isCertain };
}

/** One effect for each table: its strongest lock and its heaviest work. */
export function merged(effects: readonly TableEffect[]): TableEffect[] {
  const byTable = new Map<string, TableEffect>();
  for (const effect of effects) {
    const known = byTable.get(effect.table);
    byTable.set(effect.table, known ? both(known, effect) : effect);
  }
  return [...byTable.values()];
}

function both(one: TableEffect, other: TableEffect): TableEffect {
  const heavier = works.indexOf(one.work) >= works.indexOf(other.work) ? one : other;
  return { ...heavier, lock: stronger(one.lock, other.lock) };
}
