/** The columns that a file of rejected lines has before those of the file that was imported. */
export const rejectColumns = ['reject_line', 'reject_reason'] as const;

/** A spreadsheet runs what begins so, unless it is a number; ' before it makes it text. */
const formula = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;
const number = /^[+-]?[\d.,\s]+$/;

/**
 * A field of somebody else's file as a cell that no spreadsheet runs as a formula. {@link fieldOf} gives back the field.
 *
 * @example
 * cellOf('=HYPERLINK("http://…")'); // '\'=HYPERLINK("http://…")'
 * cellOf('-5'); // '-5'
 */
export function cellOf(field: string): string {
  return formula.test(field) && !number.test(field) ? `'${field}` : field;
}

/** The field that a cell of {@link cellOf} was made of. */
export function fieldOf(cell: string): string {
  return cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell;
}

/** Whether a file with these columns is one of rejected lines. */
export function isOfRejects(columns: readonly string[]): boolean {
  return rejectColumns.every((name, index) => columns[index] === name);
}
