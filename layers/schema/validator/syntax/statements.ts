import { hasSqlDetails, loadModule, type Node, parseSync } from 'libpg-query';
import { MigrationError } from '../../migration-error.ts';
import { kindOf, type NodeKind } from './nodes.ts';

/** One statement of a file, as Postgres' own grammar reads it. */
export interface SqlStatement {
  readonly kind: NodeKind;
  readonly node: Node;
  /** As written, without the comments before it and without the semicolon. */
  readonly text: string;
  /** The offset of its first character in the file. */
  readonly start: number;
  /** Counted from 1. */
  readonly line: number;
  /** The comments that stand before it, and those after it on its last line. */
  readonly comments: string;
  /** Whether it stands in the body of a DO block. */
  readonly isInDo: boolean;
}

/** A file that Postgres would refuse to read. */
export class SyntaxFault extends MigrationError {
  readonly line: number;

  constructor(file: string, line: number, message: string) {
    super(`${file}:${line}: ${message}`, 'Correct the statement; psql commands such as \\set are not SQL.');
    this.line = line;
  }
}

/** What stands before a statement: white space and comments. */
const LEADING = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/;

/**
 * Reads a file with the grammar of Postgres itself.
 * @throws SyntaxFault naming file and line
 */
export async function readStatements(file: string, content: string): Promise<SqlStatement[]> {
  await loadModule();
  return parse(file, content);
}

function parse(file: string, content: string): SqlStatement[] {
  const bytes = Buffer.from(content);
  const found: SqlStatement[] = [];
  let previousEnd = 0;
  for (const { stmt, stmt_location: at = 0, stmt_len: length } of rawStatements(file, content)) {
    if (!stmt) continue;
    const raw = bytes.subarray(at, length ? at + length : bytes.length).toString();
    const text = raw.replace(LEADING, '');
    const start = bytes.subarray(0, at).toString().length + raw.length - text.length;
    const { trailing, before } = splitComments(content.slice(previousEnd, start), found.length > 0);
    const last = found.at(-1);
    if (last && trailing) found[found.length - 1] = { ...last, comments: `${last.comments}\n${trailing}` };
    found.push({
      kind: kindOf(stmt),
      node: stmt,
      text: text.trimEnd(),
      start,
      line: content.slice(0, start).split('\n').length,
      comments: before,
      isInDo: false,
    });
    previousEnd = start + text.length + 1;
  }
  return withLastComment(found, content);
}

function rawStatements(file: string, content: string) {
  try {
    return parseSync(content).stmts ?? [];
  } catch (error) {
    const at = hasSqlDetails(error) ? (error.sqlDetails?.cursorPosition ?? 0) : 0;
    const before = Buffer.from(content).subarray(0, Math.max(0, at)).toString();
    throw new SyntaxFault(file, before.split('\n').length, (error as Error).message);
  }
}

/** A comment on the line of a semicolon belongs to the statement that ends there. */
function splitComments(leading: string, hasPrevious: boolean): { trailing: string; before: string } {
  if (!hasPrevious) return { trailing: '', before: leading };
  const [first = '', ...rest] = leading.split('\n');
  return { trailing: first.trim(), before: rest.join('\n') };
}

/** The comment on the last line of the file belongs to the last statement. */
function withLastComment(found: SqlStatement[], content: string): SqlStatement[] {
  const last = found.at(-1);
  if (!last) return found;
  const [line = ''] = content.slice(last.start + last.text.length).split('\n');
  const comment = /--.*$/.exec(line)?.[0];
  return comment ? [...found.slice(0, -1), { ...last, comments: `${last.comments}\n${comment}` }] : found;
}
