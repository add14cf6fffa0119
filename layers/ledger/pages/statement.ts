/** A statement with its values. */
export type Statement = [text: string, values: readonly unknown[]];

/** The values of a statement that is put together. */
export class Values {
  readonly list: unknown[];

  constructor(given: readonly unknown[] = []) {
    this.list = [...given];
  }

  /** Adds a value, and answers its place in the text: `$1`. */
  readonly add = (given: unknown): string => `$${this.list.push(given)}`;
}
