import { parsePlPgSQLSync, parseSync } from 'libpg-query';
import { constantArray, constantText, type Values } from './constant-text.ts';
import { as, kindOf } from './nodes.ts';
import type { SqlStatement } from './statements.ts';

/** What a DO block runs, as far as its text says. */
export interface DoBody {
  readonly statements: readonly SqlStatement[];
  /** Statements that are put together while it runs. */
  readonly unreadable: readonly string[];
}

/** Reads the body of a DO block; undefined for any other statement. */
export function doBody(statement: SqlStatement): DoBody | undefined {
  const block = as(statement.node, 'DoStmt');
  if (!block) return undefined;
  const language = optionOf(statement, 'language');
  if (language && language !== 'plpgsql') {
    return { statements: [], unreadable: [`it is written in ${language}`] };
  }
  try {
    return new BodyReader(statement).read(parsePlPgSQLSync(statement.text));
  } catch (error) {
    return { statements: [], unreadable: [`its body cannot be read: ${(error as Error).message}`] };
  }
}

function optionOf({ node }: SqlStatement, name: string): string | undefined {
  for (const option of as(node, 'DoStmt')?.args ?? []) {
    const element = as(option, 'DefElem');
    if (element?.defname === name) return as(element.arg, 'String')?.sval;
  }
  return undefined;
}

type Tree = Readonly<Record<string, unknown>>;

class BodyReader {
  readonly #outer: SqlStatement;
  readonly #statements: SqlStatement[] = [];
  readonly #unreadable: string[] = [];
  #variables: readonly string[] = [];

  constructor(outer: SqlStatement) {
    this.#outer = outer;
  }

  read(parsed: unknown): DoBody {
    const [first] = (parsed as { plpgsql_funcs: { PLpgSQL_function: Tree }[] }).plpgsql_funcs;
    const { datums, action } = first?.PLpgSQL_function ?? {};
    this.#variables = ((datums as Tree[]) ?? []).map((datum) =>
      String((Object.values(datum)[0] as Tree).refname),
    );
    this.#walk(action, new Map());
    return { statements: this.#statements, unreadable: this.#unreadable };
  }

  #walk(tree: unknown, values: Values): void {
    if (Array.isArray(tree)) {
      for (const each of tree) this.#walk(each, values);
      return;
    }
    if (typeof tree !== 'object' || tree === null) return;
    for (const [kind, content] of Object.entries(tree)) this.#meet(kind, content as Tree, values);
  }

  #meet(kind: string, content: Tree, values: Values): void {
    switch (kind) {
      case 'PLpgSQL_stmt_execsql':
        this.#add(queryOf(content.sqlstmt), content.lineno);
        return;
      case 'PLpgSQL_stmt_perform':
        this.#add(queryOf(content.expr), content.lineno);
        return;
      case 'PLpgSQL_stmt_dynexecute': {
        const query = queryOf(content.query);
        const text = constantText(query, values);
        if (text === undefined) this.#unreadable.push(`execute ${query.replaceAll(/\s+/g, ' ')}`);
        else this.#add(text, content.lineno);
        return;
      }
      case 'PLpgSQL_stmt_foreach_a': {
        const elements = constantArray(queryOf(content.expr));
        const variable = this.#variables[Number(content.varno ?? 0)] ?? '';
        for (const element of elements ?? [undefined]) {
          const known = element === undefined ? values : new Map([...values, [variable, element]]);
          this.#walk(content.body, known);
        }
        return;
      }
      default:
        this.#walk(content, values);
    }
  }

  #add(text: string, lineInBody: unknown): void {
    for (const { stmt } of parsedOf(text)) {
      if (!stmt) continue;
      this.#statements.push({
        kind: kindOf(stmt),
        node: stmt,
        text: text.trim(),
        start: this.#outer.start,
        line: this.#outer.line + Math.max(0, Number(lineInBody ?? 1) - 1),
        comments: '',
        isInDo: true,
      });
    }
  }
}

function queryOf(tree: unknown): string {
  return String((tree as { PLpgSQL_expr?: { query?: string } })?.PLpgSQL_expr?.query ?? '');
}

/** A statement of PL/pgSQL alone, such as an assignment, is no SQL. */
function parsedOf(text: string) {
  try {
    return parseSync(text).stmts ?? [];
  } catch {
    return [];
  }
}
