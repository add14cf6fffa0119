import type { Statement, Token } from '../script/sql-statements.ts';

/** The index that a `create index concurrently` statement makes. */
export interface ConcurrentIndex {
  readonly schema: string;
  readonly name: string;
}

/**
 * Reads the index out of `create [unique] index concurrently [if not exists] name on [only] schema.table …`.
 * Undefined for any other statement, and when the index has no name or its table no schema: without both,
 * the index that a crash left behind could not be found again.
 */
export function parseConcurrentIndex(statement: Statement): ConcurrentIndex | undefined {
  const reader = new TokenReader(statement.tokens);
  if (!reader.accept('create')) return undefined;
  reader.accept('unique');
  if (!reader.accept('index') || !reader.accept('concurrently')) return undefined;
  if (reader.accept('if') && !(reader.accept('not') && reader.accept('exists'))) return undefined;
  const name = reader.identifier();
  if (!name || !reader.accept('on')) return undefined;
  reader.accept('only');
  const schema = reader.identifier();
  return schema && reader.accept('.') ? { schema, name } : undefined;
}

class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  accept(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (!token || token.kind === 'quoted' || token.text.toLowerCase() !== text) return false;
    this.#at += 1;
    return true;
  }

  /** An identifier as the catalogue stores it: folded to lower case unless quoted. */
  identifier(): string | undefined {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'word' && token?.kind !== 'quoted') return undefined;
    if (token.kind === 'word' && token.text.toLowerCase() === 'on') return undefined;
    this.#at += 1;
    return token.kind === 'word' ? token.text.toLowerCase() : token.text.slice(1, -1).replaceAll('""', '"');
  }
}
