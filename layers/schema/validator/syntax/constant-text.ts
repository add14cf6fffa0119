import { type Node, parseSync } from 'libpg-query';
import { as, stringsOf } from './nodes.ts';

/** The values that variables have, by name. */
export type Values = ReadonlyMap<string, string>;

/** The text that an expression of PL/pgSQL amounts to; undefined when that is known only while it runs. */
export function constantText(expression: string, values: Values): string | undefined {
  const node = expressionOf(expression);
  return node && textOf(node, values);
}

/** The elements of a constant array; undefined for any other expression. */
export function constantArray(expression: string): string[] | undefined {
  const node = expressionOf(expression);
  const cast = as(node, 'TypeCast');
  const elements = as(cast ? cast.arg : node, 'A_ArrayExpr')?.elements;
  const texts = elements?.map((element) => textOf(element, new Map()));
  return texts?.every((text) => text !== undefined) ? texts : undefined;
}

function expressionOf(expression: string): Node | undefined {
  try {
    const select = as(parseSync(`select ${expression}`).stmts?.[0]?.stmt, 'SelectStmt');
    return as(select?.targetList?.[0], 'ResTarget')?.val;
  } catch {
    return undefined;
  }
}

function textOf(node: Node, values: Values): string | undefined {
  const constant = as(node, 'A_Const');
  if (constant) return constant.sval?.sval ?? constant.ival?.ival?.toString();
  const cast = as(node, 'TypeCast');
  if (cast?.arg) return textOf(cast.arg, values);
  const column = as(node, 'ColumnRef');
  if (column) return values.get(stringsOf(column.fields).join('.'));
  const operation = as(node, 'A_Expr');
  if (operation?.lexpr && operation.rexpr && stringsOf(operation.name).join() === '||') {
    const [left, right] = [textOf(operation.lexpr, values), textOf(operation.rexpr, values)];
    return left === undefined || right === undefined ? undefined : left + right;
  }
  const call = as(node, 'FuncCall');
  if (!call || stringsOf(call.funcname).at(-1) !== 'format') return undefined;
  const [template, ...inserted] = (call.args ?? []).map((argument) => textOf(argument, values));
  return template === undefined ? undefined : formatted(template, inserted);
}

/** What format() makes of a template without positions; undefined when a value is not known. */
function formatted(template: string, inserted: readonly (string | undefined)[]): string | undefined {
  let next = 0;
  let isKnown = true;
  const text = template.replaceAll(/%([sIL%])/g, (_, kind: string) => {
    if (kind === '%') return '%';
    const value = inserted[next];
    next += 1;
    // A literal may be any: it changes neither the locks nor the work of a statement.
    if (value === undefined && kind === 'L') return `'?'`;
    if (value === undefined) {
      isKnown = false;
      return '';
    }
    if (kind === 'L') return `'${value.replaceAll("'", "''")}'`;
    return kind === 'I' && !/^[a-z_][a-z0-9_]*$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  });
  return isKnown ? text : undefined;
}
