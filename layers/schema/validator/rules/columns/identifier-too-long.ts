import { splitStatements } from '../../../script/sql-statements.ts';
import type { Rule } from '../rule.ts';

/** NAMEDATALEN − 1. */
const mostBytes = 63;

export const identifierTooLong: Rule = {
  name: 'identifier-too-long',
  title: 'A name longer than 63 bytes',
  // The grammar has cut the names in its tree already: they are read from the text.
  check: ({ statement }) =>
    namesIn(statement.text)
      .filter((name) => Buffer.byteLength(name) > mostBytes)
      .map((name) => ({
        object: name,
        detail: `Postgres cuts it to ${name.slice(0, mostBytes)} and says so in a notice only`,
        remedy: 'a shorter name',
      })),
};

function namesIn(text: string): string[] {
  const tokens = splitStatements(text).flatMap((statement) => statement.tokens);
  return tokens.flatMap((token) => {
    if (token.kind === 'word') return [token.text];
    return token.kind === 'quoted' ? [token.text.slice(1, -1).replaceAll('""', '"')] : [];
  });
}
