import { MigrationError } from './migration-error.ts';

/** What the header of a migration file asks for. */
export interface Directives {
  /** False after `--! no-transaction`: the file's one statement runs outside a transaction. */
  readonly inTransaction: boolean;
}

/**
 * Reads the `--!` lines of a migration file.
 * @throws MigrationError for an unknown directive, or one below the first statement, where a reader would miss it
 */
export function readDirectives(file: string, content: string): Directives {
  let inTransaction = true;
  let inHeader = true;
  for (const [index, line] of content.split('\n').entries()) {
    const directive = /^\s*--!\s*(.*?)\s*$/.exec(line)?.[1];
    if (directive === undefined) {
      inHeader &&= /^\s*(--.*)?$/.test(line);
      continue;
    }
    const place = `${file}:${index + 1}`;
    if (!inHeader) {
      throw new MigrationError(
        `${place}: the directive "--! ${directive}" stands below the first statement`,
        'Move it to the top of the file.',
      );
    }
    if (directive !== 'no-transaction') {
      throw new MigrationError(
        `${place}: unknown directive "--! ${directive}"`,
        'The only directive is "--! no-transaction"; write a plain comment with "-- ".',
      );
    }
    inTransaction = false;
  }
  return { inTransaction };
}
