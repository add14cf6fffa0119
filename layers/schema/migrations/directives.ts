import { MigrationError } from './migration-error.ts';

/** What the header of a migration file asks for. */
export interface Directives {
  /** False after `--! no-transaction`: the file's one statement runs outside a transaction. */
  readonly inTransaction: boolean;
  /** True after `--! contract`: it takes away what the release before it needs, so that only a backup leads back. */
  readonly isContract: boolean;
}

const known: readonly string[] = ['no-transaction', 'contract'];

/**
 * Reads the `--!` lines of a migration file.
 * @throws MigrationError for an unknown directive, or one below the first statement, where a reader would miss it
 */
export function readDirectives(file: string, content: string): Directives {
  const found = new Set<string>();
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
    if (!known.includes(directive)) {
      throw new MigrationError(
        `${place}: unknown directive "--! ${directive}"`,
        `The directives are ${known.map((each) => `"--! ${each}"`).join(' and ')}; write a plain comment with "-- ".`,
      );
    }
    found.add(directive);
  }
  return { inTransaction: !found.has('no-transaction'), isContract: found.has('contract') };
}
