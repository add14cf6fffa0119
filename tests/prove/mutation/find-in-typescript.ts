import { parseSync } from 'vite';
import { changesInSql, looksLikeSql } from './find-in-sql.ts';
import type { Change } from './mutant.ts';

/** A node of the syntax tree (ESTree, in the form of oxc). */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  // biome-ignore lint/suspicious/noExplicitAny: the fields depend on the type, and only a few types are used
  readonly [field: string]: any;
}

type Finder = (node: Node, text: string, parent: Node | undefined) => readonly Omit<Change, 'reached'>[];

/** Every small fault that can be planted in a TypeScript file, in the order of the text. */
export function changesInTypeScript(file: string, text: string): Change[] {
  const changes: Change[] = [];
  visit(parseSync(file, text).program as unknown as Node, undefined, (node, parent) => {
    const reached = expressionOf(node);
    for (const change of finders[node.type]?.(node, text, parent) ?? []) {
      changes.push({ ...change, reached: { start: reached.start, end: reached.end } });
    }
  });
  return changes.sort((a, b) => a.start - b.start);
}

/** The node to wrap to learn whether a node is evaluated: for a statement its expression. */
function expressionOf(node: Node): Node {
  if (node.type === 'IfStatement') return node.test;
  if (node.type === 'ExpressionStatement') return node.expression;
  if (node.type === 'ThrowStatement') return node.argument;
  return node;
}

/** Wrappers around an expression that exist only in TypeScript. */
const transparent = new Set(['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression']);

function visit(
  node: Node,
  parent: Node | undefined,
  see: (node: Node, parent: Node | undefined) => void,
): void {
  if (node.type.startsWith('TS') && !transparent.has(node.type)) return;
  if (node.type === 'ImportDeclaration' || node.type === 'ExportAllDeclaration') return;
  see(node, parent);
  for (const [field, value] of Object.entries(node)) {
    // The name of a property is not evaluated.
    if (field === 'key' && !node.computed) continue;
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === 'string') visit(child, node, see);
    }
  }
}

const otherOperators = new Map<string, readonly [kind: string, operator: string]>([
  ['<', ['bound', '<=']],
  ['<=', ['bound', '<']],
  ['>', ['bound', '>=']],
  ['>=', ['bound', '>']],
  ['===', ['comparison', '!==']],
  ['!==', ['comparison', '===']],
  ['+', ['arithmetic', '-']],
  ['-', ['arithmetic', '+']],
  ['*', ['arithmetic', '/']],
  ['/', ['arithmetic', '*']],
  ['&&', ['condition', '||']],
  ['||', ['condition', '&&']],
]);

const finders: Readonly<Record<string, Finder>> = {
  BinaryExpression: operator,
  LogicalExpression: (node, text) =>
    node.operator === '??'
      ? [change('default', node, text.slice(node.left.start, node.left.end))]
      : operator(node, text),
  IfStatement: ({ test }) => [change('condition', test, 'false')],
  ConditionalExpression: ({ consequent, alternate }, text) => [
    change(
      'condition',
      { start: consequent.start, end: alternate.end },
      `${textOf(alternate, text)} : ${textOf(consequent, text)}`,
    ),
  ],
  ExpressionStatement: (node, text) => {
    const { expression } = node;
    if (expression.type === 'AwaitExpression') {
      return [
        change('await', expression, textOf(expression.argument, text)),
        change('statement', expression, 'undefined'),
      ];
    }
    return expression.type === 'CallExpression' ? [change('statement', expression, 'undefined')] : [];
  },
  ThrowStatement: (node) => [change('error', node, '{}')],
  CallExpression: call,
  NewExpression: call,
  Literal: (node, _, parent) => {
    if (typeof node.value === 'boolean') return [change('default', node, String(!node.value))];
    if (typeof node.value !== 'number' || parent?.type === 'TSLiteralType') return [];
    return [change('bound', node, String(node.value + 1))];
  },
  TemplateLiteral: (node, text, parent) => {
    if (parent?.type === 'TaggedTemplateExpression') return [];
    const sql = blanked(node, text);
    return looksLikeSql(sql)
      ? changesInSql(sql).map((each) => ({
          ...each,
          start: node.start + 1 + each.start,
          end: node.start + 1 + each.end,
        }))
      : [];
  },
};

function operator(node: Node, text: string): readonly Omit<Change, 'reached'>[] {
  const [kind, other] = otherOperators.get(node.operator) ?? [];
  if (!kind || !other || (node.operator === '+' && isText(node))) return [];
  const between = text.slice(node.left.end, node.right.start);
  const start = node.left.end + between.indexOf(node.operator);
  return [{ kind, start, end: start + node.operator.length, replacement: other }];
}

/** Whether a sum concatenates strings. */
function isText(node: Node): boolean {
  return [node.left, node.right].some(
    (side: Node) =>
      side.type === 'TemplateLiteral' ||
      typeof side.value === 'string' ||
      (side.type === 'BinaryExpression' && isText(side)),
  );
}

/** Methods that can be left out of a chain, and pairs of methods that can be exchanged. */
const dropped = new Set([
  'sort',
  'toSorted',
  'reverse',
  'toReversed',
  'filter',
  'trim',
  'toLowerCase',
  'normalize',
]);
const opposite = new Map([
  ['min', 'max'],
  ['max', 'min'],
  ['some', 'every'],
  ['every', 'some'],
]);

function call(node: Node, text: string): readonly Omit<Change, 'reached'>[] {
  const found: Omit<Change, 'reached'>[] = [];
  const [first, second] = node.arguments as readonly Node[];
  if (first && second && isPlain(first) && isPlain(second) && textOf(first, text) !== textOf(second, text)) {
    const swapped = textOf(second, text) + text.slice(first.end, second.start) + textOf(first, text);
    found.push(change('arguments', { start: first.start, end: second.end }, swapped));
  }
  const { callee } = node;
  if (callee.type !== 'MemberExpression' || callee.computed) return found;
  const { name } = callee.property;
  if (dropped.has(name)) found.push(change('order', node, textOf(callee.object, text)));
  const other = opposite.get(name);
  if (other) found.push(change('bound', callee.property, other));
  return found;
}

function isPlain({ type }: Node): boolean {
  return type === 'Identifier' || type === 'MemberExpression';
}

/** The text of a template with the same length, and a name instead of each value. */
function blanked(node: Node, text: string): string {
  let sql = text.slice(node.start + 1, node.end - 1);
  node.quasis.slice(1).forEach((quasi: Node, index: number) => {
    // The range of a part includes the signs around it: the backtick, `${` and `}`.
    const from = node.quasis[index].end - 2 - (node.start + 1);
    const to = quasi.start + 1 - (node.start + 1);
    sql = sql.slice(0, from) + 'x'.repeat(to - from) + sql.slice(to);
  });
  return sql;
}

function textOf({ start, end }: Pick<Node, 'start' | 'end'>, text: string): string {
  return text.slice(start, end);
}

function change(
  kind: string,
  { start, end }: Pick<Node, 'start' | 'end'>,
  replacement: string,
): Omit<Change, 'reached'> {
  return { kind, start, end, replacement };
}
