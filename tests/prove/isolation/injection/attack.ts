/** What an attacker may know about the target organization, as SQL that does not contain the values as text. */
export interface Target {
  /** The name of the database, quoted. */
  readonly database: string;
  /** An expression for the organization's id. */
  readonly org: string;
  /** An expression for its slug. */
  readonly slug: string;
  /** An expression for one of its SKUs. */
  readonly sku: string;
  /** An expression for another of its SKUs, which no attack uses for an own item. */
  readonly unusedSku: string;
  /** An expression for the id of one of its entries. */
  readonly entry: string;
}

/** One attack, written as an attacker would write it after closing the statement of the handler. */
export interface Attack {
  readonly name: string;
  /** The mistake that would make it succeed. */
  readonly why: string;
  /** One query, for an attacker who can only add rows to those of the handler. */
  readonly query?: string;
  /** Statements after that of the handler. */
  readonly statements?: string;
  /** Why it may change or harm something although it sees nothing. */
  readonly remains?: string;
  /** It uses nothing that only RDS leaves open, so that there, too, nobody else may be kept waiting. */
  readonly neverStalls?: boolean;
  /** It reaches other databases of the server: only for a server that nobody else uses. */
  readonly wholeServer?: boolean;
  /** Afterwards nobody logs in as the role until the passwords are set again. */
  readonly spoilsPassword?: boolean;
  /** Runs as the superuser after the attack, so that the next attack does not meet its leftovers. */
  readonly undo?: string;
  /** Requests to send in this order. A later one meets the leftovers of an earlier one. */
  readonly requests?: readonly string[];
}

/** An expression that returns the marker of a leak when a condition holds. Only rows of the target can make it true. */
export function leakIf(condition: string): string {
  return `case when ${condition} then 'leaked' || 'X9q2' end`;
}

/** The value that {@link leakIf} returns. */
export const leakMarker = 'leakedX9q2';

/** A text as an expression that does not contain it, so that an answer that repeats the statement is no leak. */
export function hidden(text: string): string {
  return `convert_from(decode('${Buffer.from(text).toString('hex')}', 'hex'), 'utf8')`;
}

/** How the handler runs the attack: as part of its own statement, or as one of several statements. */
export type Way = 'single' | 'several';

/** Every way to send an attack, with the inputs of its requests. */
export function waysOf(
  { query, statements, requests }: Attack,
  ways: 'all' | 'one each',
): [way: Way, inputs: readonly string[]][] {
  const sendings: [Way, readonly string[]][] = [];
  if (query !== undefined) {
    const input = `x' union all select q::text from (${query}) as q --`;
    sendings.push(['single', [input]]);
    if (ways === 'all') sendings.push(['several', [input]]);
  }
  if (statements !== undefined) sendings.push(['several', [`x'; ${statements}; --`]]);
  if (requests !== undefined) sendings.push(['several', requests]);
  return sendings;
}
