import { MigrationError } from '../migration-error.ts';
import { type Statement, splitStatements, words } from '../script/sql-statements.ts';

/** The kinds of statement of a function file, by their first words. */
const allowed: readonly RegExp[] = [
  /^create or replace (function|procedure)\b/,
  /^comment on (function|procedure|routine)\b/,
  /^(grant|revoke) .*\bon (function|procedure|routine)\b/,
  /^alter (function|procedure|routine) .*\bowner to\b/,
];

/** A block that creates a function in one form or another, such as for one version of Postgres or another. */
const definition = /\bcreate or replace (function|procedure)\b/i;

/**
 * Refuses a statement that does not belong into a file of functions. The file is run again each time it changes, on
 * databases with data, so it may not hold anything that has state.
 * @throws MigrationError naming the line of the first one
 */
export function refuseOtherStatements(file: string, content: string): void {
  const refused = splitStatements(content).find((statement) => !isAllowed(statement));
  if (!refused) return;
  const line = content.slice(0, refused.start).split('\n').length;
  throw new MigrationError(
    `${file}:${line}: "${words(refused.tokens, 3).join(' ').slice(0, 60)} …" does not belong into a file of functions`,
    'Allowed are: create or replace, comment on, grant, revoke and alter … owner to, of functions and procedures; and a do block that creates one. Put everything else into a migration.',
  );
}

function isAllowed({ tokens, text }: Statement): boolean {
  const start = words(tokens, 1)[0];
  if (start === 'do') return definition.test(text);
  const beginning = words(tokens, start === 'alter' ? tokens.length : 12).join(' ');
  return allowed.some((form) => form.test(beginning));
}
