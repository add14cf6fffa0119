/** One removed protection. */
export interface Mutant {
  /** The row of the score that counts it. */
  readonly kind: string;
  readonly name: string;
  /** The statements of the superuser that remove it, inside a transaction. */
  readonly sql: string;
}
