/** One thing taken away from the wall. */
export interface Mutant {
  /** What the table of the score counts together. */
  readonly kind: string;
  readonly name: string;
  /** What the superuser runs to make it, inside a transaction. */
  readonly sql: string;
}
