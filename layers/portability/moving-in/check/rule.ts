import type { Inventory } from './inventory.ts';

/** What a rule says about a row that offends against it. */
interface Said {
  readonly id: string;
  /** About the row: `a code …`, `has …`. */
  readonly rule: string;
  readonly remedy: string;
}

/** A rule about single rows. All such rules of a table take one pass over it. */
export interface RowRule extends Said {
  readonly table: 'users' | 'items' | 'locations' | 'movements';
  /** SQL about a row `t`: a row offends where this is not true. */
  readonly fits: string;
  /** SQL: what to show of the row. */
  readonly value: string;
  /** For what SQL cannot decide: why the value offends, or undefined when it fits after all. */
  readonly judge?: (value: string | null) => string | undefined;
}

/** A rule about rows together, or about the database. */
export interface SetRule extends Said {
  /** The offending rows, with the columns `table`, `id`, `value` and, where the sentence needs more, `why`. */
  readonly query: (inventory: Inventory) => string;
}

/** What a query of a rule finds. */
export interface FoundRow {
  readonly table: string;
  readonly id: string;
  readonly value: string | null;
  readonly why?: string | null;
}
