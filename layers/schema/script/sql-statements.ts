/** One lexical unit of SQL. `text` is as written; a word is an unquoted identifier, keyword or number. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'symbol';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** One statement: its text without the closing semicolon, where it starts in the file, and its tokens. */
export interface Statement {
  readonly text: string;
  readonly start: number;
  readonly tokens: readonly Token[];
}

/**
 * Splits a file into its statements, as psql does: at semicolons outside quotes, dollar quotes, comments,
 * parentheses and the `begin atomic … end` body of a standard SQL function.
 * Statements are sent one by one so that an error can name its line, and so that transaction control is seen.
 */
export function splitStatements(sql: string): Statement[] {
  const statements: Statement[] = [];
  let tokens: Token[] = [];
  let parentheses = 0;
  let blocks = 0;
  const finish = (end: number) => {
    const first = tokens[0];
    if (first) statements.push({ text: sql.slice(first.start, end).trimEnd(), start: first.start, tokens });
    tokens = [];
    parentheses = 0;
    blocks = 0;
  };
  for (const token of tokenize(sql)) {
    if (token.text === ';' && token.kind === 'symbol' && parentheses === 0 && blocks === 0) {
      finish(token.start);
      continue;
    }
    tokens.push(token);
    if (token.kind === 'symbol') parentheses = Math.max(0, parentheses + depthChange(token.text));
    if (token.kind === 'word' && isRoutine(tokens)) blocks = blockDepth(blocks, words(tokens.slice(-2), 2));
  }
  finish(sql.length);
  return statements;
}

function depthChange(symbol: string): number {
  return symbol === '(' ? 1 : symbol === ')' ? -1 : 0;
}

/** `begin` alone may be the name of a parameter. */
function blockDepth(depth: number, [before, word]: readonly string[]): number {
  if ((before === 'begin' && word === 'atomic') || (word === 'case' && depth > 0)) return depth + 1;
  return word === 'end' && depth > 0 ? depth - 1 : depth;
}

function isRoutine(tokens: readonly Token[]): boolean {
  const [first, ...rest] = words(tokens, 4);
  const kind = rest[0] === 'or' && rest[1] === 'replace' ? rest[2] : rest[0];
  return first === 'create' && (kind === 'function' || kind === 'procedure');
}

/** The first words of a statement, in lower case: what kind of statement it is. */
export function words(tokens: readonly Token[], count: number): string[] {
  return tokens
    .slice(0, count)
    .map((token) => (token.kind === 'word' ? token.text.toLowerCase() : token.text));
}

// A carriage return alone ends a comment too, as it does for Postgres.
const SKIPPED = /(?:\s+|--[^\r\n]*)+/y;
const WORD = /[\p{L}_0-9][\p{L}_0-9$]*/uy;
const DOLLAR_TAG = /\$(?:[\p{L}_][\p{L}_0-9]*)?\$/uy;

/** Lexes SQL, leaving out white space and comments. An unfinished quote or comment runs to the end. */
function* tokenize(sql: string): Generator<Token> {
  let at = 0;
  while (at < sql.length) {
    at = match(SKIPPED, sql, at)?.end ?? at;
    if (sql.startsWith('/*', at)) {
      at = endOfComment(sql, at);
      continue;
    }
    if (at >= sql.length) return;
    const token = readToken(sql, at);
    yield token;
    at = token.end;
  }
}

function readToken(sql: string, start: number): Token {
  const make = (kind: Token['kind'], end: number) => ({ kind, text: sql.slice(start, end), start, end });
  const character = sql[start];
  if (character === "'") return make('string', endOfQuote(sql, start, { backslashes: false }));
  if (character === '"') return make('quoted', endOfQuote(sql, start, { backslashes: false }));
  const tag = match(DOLLAR_TAG, sql, start);
  if (tag) {
    const close = sql.indexOf(tag.text, tag.end);
    return make('string', close < 0 ? sql.length : close + tag.text.length);
  }
  const word = match(WORD, sql, start);
  if (!word) return make('symbol', start + 1);
  // A prefix belongs to its string: in E'…' a backslash escapes, in B'', X'' and N'' it does not.
  if (sql[word.end] === "'" && /^[ebxn]$/i.test(word.text)) {
    return make('string', endOfQuote(sql, word.end, { backslashes: /^e$/i.test(word.text) }));
  }
  return make('word', word.end);
}

function match(pattern: RegExp, sql: string, at: number): { text: string; end: number } | undefined {
  pattern.lastIndex = at;
  const text = pattern.exec(sql)?.[0];
  return text === undefined ? undefined : { text, end: at + text.length };
}

function endOfQuote(sql: string, open: number, { backslashes }: { backslashes: boolean }): number {
  const quote = sql[open];
  for (let at = open + 1; at < sql.length; at += 1) {
    if (backslashes && sql[at] === '\\') at += 1;
    else if (sql[at] === quote && sql[at + 1] === quote) at += 1;
    else if (sql[at] === quote) return at + 1;
  }
  return sql.length;
}

/** Comments of Postgres nest. */
function endOfComment(sql: string, open: number): number {
  let depth = 0;
  for (let at = open; at < sql.length; at += 1) {
    if (sql.startsWith('/*', at)) {
      depth += 1;
      at += 1;
    } else if (sql.startsWith('*/', at)) {
      depth -= 1;
      at += 1;
      if (depth === 0) return at + 1;
    }
  }
  return sql.length;
}
