/** What a statement does to the transaction that it runs in; `none` for every other statement. */
export type TransactionControl = 'begin' | 'commit' | 'rollback' | 'none';

/**
 * Whether a statement begins or ends a transaction, in whatever spelling. Its first words decide: a text is sent as one
 * statement. A rollback to a savepoint ends nothing.
 *
 * @example
 * controlOf('/* done *\/ END;'); // 'commit'
 * controlOf('rollback to before'); // 'none'
 */
export function controlOf(text: string): TransactionControl {
  const [first, second, third] = leadingWords(text);
  switch (first) {
    case 'begin':
    case 'start':
      return 'begin';
    case 'commit':
    case 'end':
      return 'commit';
    case 'prepare':
      return second === 'transaction' ? 'commit' : 'none';
    case 'rollback':
    case 'abort':
      return second === 'to' || third === 'to' ? 'none' : 'rollback';
    default:
      return 'none';
  }
}

/** Up to three words at the beginning of a text, in lower case. Comments do not count, and neither do empty statements. */
function leadingWords(text: string): string[] {
  const words: string[] = [];
  const word = /\w+/y;
  for (let at = 0; words.length < 3; at = word.lastIndex) {
    word.lastIndex = afterBlanks(text, at);
    const [found] = word.exec(text) ?? [];
    if (found === undefined) break;
    words.push(found.toLowerCase());
  }
  return words;
}

/** Where the next word begins. Comments of Postgres nest, which a regular expression cannot follow. */
function afterBlanks(text: string, from: number): number {
  const blanks = /(?:[\s;]|--[^\r\n]*)*/y;
  const mark = /\/\*|\*\//g;
  let at = from;
  for (;;) {
    blanks.lastIndex = at;
    blanks.exec(text);
    at = blanks.lastIndex;
    if (!text.startsWith('/*', at)) return at;
    let depth = 0;
    mark.lastIndex = at;
    do {
      const found = mark.exec(text);
      if (!found) return text.length;
      depth += found[0] === '/*' ? 1 : -1;
    } while (depth > 0);
    at = mark.lastIndex;
  }
}
