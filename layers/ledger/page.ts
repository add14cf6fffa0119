/** The part of a list that is asked for: `after` is the key of the last row of the part before. */
export interface PageRequest {
  readonly limit: number;
  readonly after?: readonly string[] | undefined;
}

/** A part of a list; `next` is the key to go on from, undefined at the end. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: readonly string[] | undefined;
}
