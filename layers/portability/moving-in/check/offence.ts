/** A row of a single-tenant inventory that a rule of the new schema refuses, or that it could not carry. */
export interface Offence {
  /** The table without its schema, `map` for a line of the map, or `database`. */
  readonly table: string;
  /** The id of the row, or the line of the map. */
  readonly id: string;
  readonly value: string | null;
  /** The id of the rule, such as `code-form`. */
  readonly ruleId: string;
  /** The rule as a sentence about the row. */
  readonly rule: string;
  readonly remedy: string;
  /** A code that the row could have instead. Nothing else has it. */
  readonly becomes?: string;
}

/** The outcome of a check. It has passed when there are no offences. */
export interface MoveInCheck {
  /** The offences, of each rule at most as many as were asked for. */
  readonly offences: readonly Offence[];
  /** The number of offences of each rule that has any, by its id. */
  readonly counts: Readonly<Record<string, number>>;
}
