import { DatabaseError } from 'pg';
import { Refusal } from '#platform/refusal.ts';

/** A migration run stopped: the message names the file and the line. */
export class MigrationError extends Refusal {
  override readonly name = 'MigrationError';
}

/** The database has migrations that this release does not know. A newer release has migrated it. */
export class NewerSchema extends MigrationError {}

/** The SQLSTATE of an error that Postgres answered, or undefined for any other error. */
export function sqlstateOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}

/** A statement inside its file: what was sent, and the offset of its first character in the file. */
export interface Located {
  readonly file: string;
  readonly content: string;
  readonly start: number;
  readonly text: string;
}

/**
 * The error of a statement, told with file, line, column and SQLSTATE.
 * Postgres counts `position` in characters of what was sent; without one, the error names the start of the statement.
 * Errors that did not come from Postgres (a lost connection) are returned as they are.
 */
export function locateSqlError(
  error: unknown,
  statement: Located,
  remedy = 'Nothing of this file was kept. Correct the file and run again.',
): unknown {
  if (!(error instanceof DatabaseError)) return error;
  const { line, column } = placeOf(statement, error.position);
  const extras = [error.detail, error.hint && `hint: ${error.hint}`, error.where && `where: ${error.where}`];
  return new MigrationError(
    [`${statement.file}:${line}:${column}: ${shorten(error.message)} (SQLSTATE ${error.code})`, ...extras]
      .filter(Boolean)
      .join('\n  '),
    remedy,
    { cause: error },
  );
}

/** An unfinished quote makes Postgres repeat the rest of the file. */
function shorten(message: string): string {
  return message.length > 200 ? `${message.slice(0, 200).replaceAll('\n', ' ')} …` : message;
}

function placeOf(statement: Located, position: string | undefined): { line: number; column: number } {
  // Characters, not UTF-16 units: an emoji in a comment must not move the column.
  const sentBefore = position ? [...statement.text].slice(0, Number(position) - 1).join('') : '';
  const before = statement.content.slice(0, statement.start) + sentBefore;
  const lastBreak = before.lastIndexOf('\n');
  return { line: before.split('\n').length, column: [...before.slice(lastBreak + 1)].length + 1 };
}
