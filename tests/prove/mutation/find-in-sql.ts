import { loadModule, scanSync } from 'libpg-query';
import type { Change } from './mutant.ts';

await loadModule();

type SqlChange = Omit<Change, 'reached'>;

/** A token with its place in the text, in UTF-16 units. */
interface Token {
  readonly start: number;
  readonly end: number;
  /** In lower case. */
  readonly text: string;
  readonly name: string;
}

/** Whether a text in a program is a statement, and not prose that begins with the same word. */
export function looksLikeSql(text: string): boolean {
  return /^\s*(with|select|insert into|update|delete from|call|begin|declare)\s[\s\S]*\b(from|into|set|values|as|select)\b/.test(
    text,
  );
}

/** Every small fault that can be planted in SQL, including function bodies; none when Postgres cannot read the text. */
export function changesInSql(text: string): SqlChange[] {
  const tokens = tokensOf(text);
  return tokens.flatMap((token, index) => {
    if (token.name === 'SCONST') return changesInBody(token, text);
    return finders.flatMap((find) => find(token, tokens, index, text) ?? []);
  });
}

function changesInBody({ start, end }: Token, text: string): SqlChange[] {
  const quote = /^\$\w*\$/.exec(text.slice(start, end))?.[0];
  if (!quote) return [];
  const from = start + quote.length;
  return changesInSql(text.slice(from, end - quote.length)).map((change) => ({
    ...change,
    start: from + change.start,
    end: from + change.end,
  }));
}

function tokensOf(text: string): Token[] {
  const bytes = Buffer.from(text);
  const isAscii = bytes.length === text.length;
  const at = (offset: number) => (isAscii ? offset : bytes.subarray(0, offset).toString().length);
  try {
    return scanSync(text)
      .tokens.filter(({ tokenName }) => !tokenName.endsWith('_COMMENT'))
      .map((token) => {
        const [start, end] = [at(token.start), at(token.end)];
        return { start, end, text: text.slice(start, end).toLowerCase(), name: token.tokenName };
      });
  } catch {
    return [];
  }
}

const others = new Map<string, readonly [kind: string, text: string]>([
  ['<', ['bound', '<=']],
  ['<=', ['bound', '<']],
  ['>', ['bound', '>=']],
  ['>=', ['bound', '>']],
  ['<>', ['comparison', '=']],
  ['+', ['arithmetic', '-']],
  ['-', ['arithmetic', '+']],
  ['and', ['condition', 'or']],
  ['or', ['condition', 'and']],
  ['true', ['default', 'false']],
  ['false', ['default', 'true']],
  ['min', ['bound', 'max']],
  ['max', ['bound', 'min']],
  ['least', ['bound', 'greatest']],
  ['greatest', ['bound', 'least']],
  ['desc', ['order', 'asc']],
]);

type Finder = (
  token: Token,
  tokens: readonly Token[],
  index: number,
  text: string,
) => SqlChange | readonly SqlChange[] | undefined;

const finders: readonly Finder[] = [
  function anotherWord({ start, end, text }, tokens, index) {
    const [kind, replacement] = others.get(text) ?? [];
    // `between a and b` and `create or replace` are not conditions.
    if (
      !kind ||
      !replacement ||
      tokens[index - 2]?.text === 'between' ||
      tokens[index + 1]?.text === 'replace'
    )
      return;
    return { kind, start, end, replacement };
  },
  function anotherNumber({ start, end, text, name }, tokens, index) {
    if (name !== 'ICONST' || isSizeOfType(tokens, index)) return;
    return { kind: 'bound', start, end, replacement: String(Number(text) + 1) };
  },
  function turnedTest({ text }, tokens, index) {
    const [next, afterwards] = [tokens[index + 1], tokens[index + 2]];
    if (text !== 'is' || !next) return;
    if (next.text === 'null')
      return { kind: 'comparison', start: next.start, end: next.start, replacement: 'not ' };
    if (next.text === 'not' && afterwards) {
      return { kind: 'comparison', start: next.start, end: afterwards.start, replacement: '' };
    }
    return undefined;
  },
  function droppedNot({ start, text }, tokens, index) {
    const next = tokens[index + 1];
    if (text !== 'not' || !next || /^(null|exists|valid|deferrable)$/.test(next.text)) return;
    if (/^(is|if)$/.test(tokens[index - 1]?.text ?? '')) return;
    return { kind: 'condition', start, end: next.start, replacement: '' };
  },
  function droppedLine({ start, text: word }, _, __, text) {
    if (word !== 'and' || text.slice(text.lastIndexOf('\n', start) + 1, start).trim() !== '') return;
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end === -1 ? undefined : end);
    if (!isBalanced(line)) return;
    return { kind: 'condition', start, end: start + line.replace(/[,;]?$/, '').length, replacement: '' };
  },
  function droppedStatement({ start, text }, tokens, index) {
    if (!/^(raise|perform)$/.test(text)) return;
    const end = tokens.slice(index).find((each) => each.text === ';');
    return (
      end && { kind: text === 'raise' ? 'error' : 'statement', start, end: end.start, replacement: 'null' }
    );
  },
  function droppedCheck({ text }, tokens, index) {
    const opening = tokens[index + 1];
    if (text !== 'check' || opening?.text !== '(') return;
    const closing = closingOf(tokens, index + 1);
    return closing && { kind: 'condition', start: opening.end, end: closing.start, replacement: 'true' };
  },
  function droppedDefault({ text }, tokens, index) {
    const opening = tokens[index + 1];
    if (text !== 'coalesce' || opening?.text !== '(') return;
    const closing = closingOf(tokens, index + 1);
    const comma = closing && lastComma(tokens, index + 2, closing);
    return comma && { kind: 'default', start: comma.start, end: closing.start, replacement: '' };
  },
];

/** The closing bracket of the one at an index. */
function closingOf(tokens: readonly Token[], opening: number): Token | undefined {
  let depth = 0;
  return tokens.slice(opening).find(({ text }) => {
    depth += depthOf(text);
    return depth === 0;
  });
}

/** The last comma before a closing bracket, outside inner brackets. */
function lastComma(tokens: readonly Token[], from: number, closing: Token): Token | undefined {
  let depth = 0;
  let comma: Token | undefined;
  for (const token of tokens.slice(from)) {
    if (token === closing) break;
    depth += depthOf(token.text);
    if (token.text === ',' && depth === 0) comma = token;
  }
  return comma;
}

function depthOf(text: string): number {
  return Number(text === '(') - Number(text === ')');
}

/** Whether a number belongs to a type such as `numeric(15, 4)`, and is not a bound. */
function isSizeOfType(tokens: readonly Token[], index: number): boolean {
  const before = tokens.slice(Math.max(0, index - 4), index).map(({ text }) => text);
  return /(numeric|timestamptz|varchar|char) \( (\d+ , )?$/.test(`${before.join(' ')} `);
}

/** Whether a line can be removed without half of a bracket, a text or a branch. */
function isBalanced(line: string): boolean {
  const count = (sign: string) => line.split(sign).length;
  return count('(') === count(')') && count("'") % 2 === 1 && !/\b(then|loop)$/.test(line) && line.length > 4;
}
