import type { Review } from '../review.ts';

/** What a rule refuses in a statement. */
export interface Fault {
  /** The table, column or other object. */
  readonly object: string;
  readonly detail: string;
  /** The safe alternative. */
  readonly remedy: string;
}

/**
 * One rule of the validator. Its page is `docs/migrations/<name>.md`: the examples there are its tests.
 *
 * @example
 * export const dropDatabase: Rule = {
 *   name: 'drop-database',
 *   title: 'A database is dropped',
 *   check: ({ statement }) => (statement.kind === 'DropdbStmt' ? [{ object, detail, remedy }] : []),
 * };
 */
export interface Rule {
  /** In `-- allow name: reason`, and the name of its page. */
  readonly name: string;
  readonly title: string;
  readonly check: (review: Review) => readonly Fault[];
}
