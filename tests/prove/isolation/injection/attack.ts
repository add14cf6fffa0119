/** What an attacker may know of the organization under attack, as SQL that does not show it in its own text. */
export interface Target {
  /** The name of the database, quoted. */
  readonly database: string;
  /** An expression for the organization's id. */
  readonly org: string;
  /** An expression for its slug. */
  readonly slug: string;
  /** An expression for a SKU that it has. */
  readonly sku: string;
  /** An expression for another SKU that it has, and that no attack gives to an item of its own. */
  readonly unusedSku: string;
  /** An expression for the id of one of its entries. */
  readonly entry: string;
}

/** One way in. Written as the attacker would write it once the handler's own statement is closed. */
export interface Attack {
  readonly name: string;
  /** What would make it work. */
  readonly why: string;
  /** One query, for an attacker who can only add rows to the handler's own. */
  readonly query?: string;
  /** Statements behind the handler's own. */
  readonly statements?: string;
  /** Why it can change or harm something after all, though it sees nothing. */
  readonly remains?: string;
  /** What the superuser does after it, so that the next attack meets the wall and not what this one has left. */
  readonly undo?: string;
  /** Sent in this order, each as a request; a later one meets what an earlier one has left behind. */
  readonly requests?: readonly string[];
}

/** An expression that answers the marker of a leak when a condition holds that only the other organization's rows can make true. */
export function leakIf(condition: string): string {
  return `case when ${condition} then 'leaked' || 'X9q2' end`;
}

/** What {@link leakIf} answers. */
export const leakMarker = 'leakedX9q2';

/** A text as an expression that does not contain it, so that an answer that merely repeats the statement is no leak. */
export function hidden(text: string): string {
  return `convert_from(decode('${Buffer.from(text).toString('hex')}', 'hex'), 'utf8')`;
}

/** How the handler can be made to run it: as part of its own statement, or as one of several in its text. */
export type Way = 'single' | 'several';

/** Every way an attack can be sent, each with the inputs of its requests. */
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
