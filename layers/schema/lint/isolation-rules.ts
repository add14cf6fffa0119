import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { Refusal } from '#platform/refusal.ts';

/** `leak`: alone lets one organization reach another's rows. `weakness`: removes a protection that matters when something else fails. */
export type FaultLevel = 'leak' | 'weakness';

/** One rule of the isolation lint: a query whose every row is a fault. */
export interface IsolationRule {
  /** Four digits. A rule keeps its number for ever. */
  readonly number: string;
  /** The name of the file without its ending, such as `0001_row_security_disabled`, and of the rule's page. */
  readonly name: string;
  readonly title: string;
  readonly level: FaultLevel;
  /** The query. It uses the terms that `isolationQuery` adds. */
  readonly query: string;
  /** The terms for all rules of the directory: queries by name. */
  readonly terms: ReadonlyMap<string, string>;
  /** Accepted faults, each with its reason. */
  readonly exceptions: readonly IsolationException[];
}

/** An accepted fault. It must match object and detail exactly, and must exist. */
export type IsolationException = z.infer<typeof IsolationException>;
const IsolationException = z.strictObject({
  rule: z.string().regex(/^\d{4}$/),
  object: z.string().min(1),
  detail: z.string().min(1),
  why: z.string().min(1),
});

/** The rules cannot be read: the checkout is damaged, not the database. */
export class IsolationRulesError extends Refusal {
  override readonly name = 'IsolationRulesError';
}

/**
 * Reads the rules of a directory: the rules `NNNN_name.sql`, in order; the terms they use, `terms/name.sql`; and the
 * accepted faults, `exceptions.json`, or another file of them for a database that is not of this release's migrations.
 * @throws IsolationRulesError naming the file that is missing or malformed
 */
export async function readIsolationRules(
  directory: string,
  exceptionsFile = join(directory, 'exceptions.json'),
): Promise<IsolationRule[]> {
  const terms = await readTerms(join(directory, 'terms'));
  const exceptions = await readExceptions(exceptionsFile);
  const files = await listSql(directory);
  const rules: IsolationRule[] = [];
  for (const file of files) {
    const [, number] = /^(\d{4})_[a-z0-9_]+\.sql$/.exec(file) ?? [];
    if (!number) {
      throw new IsolationRulesError(
        `${join(directory, file)} is not named like a rule`,
        'Name it NNNN_name.sql, or move it elsewhere.',
      );
    }
    if (rules.at(-1)?.number === number) {
      throw new IsolationRulesError(
        `two rules have the number ${number}: ${rules.at(-1)?.name}.sql and ${file}`,
        'Give the newer one the next free number.',
      );
    }
    const content = await readFile(join(directory, file), 'utf8');
    rules.push({
      number,
      name: file.slice(0, -4),
      ...readHeader(join(directory, file), content),
      query: withoutComments(content),
      terms,
      exceptions: exceptions.filter(({ rule }) => rule === number),
    });
  }
  const homeless = exceptions.find(({ rule }) => !rules.some(({ number }) => number === rule));
  if (rules.length === 0 || homeless) {
    throw new IsolationRulesError(
      homeless
        ? `${exceptionsFile} names a rule that does not exist: ${homeless.rule}`
        : `${directory} has no rules`,
      'Pass an unchanged directory sql/lint of a release.',
    );
  }
  return rules;
}

/** Reads the header: the title, the level, and what leaks. */
function readHeader(file: string, content: string): { title: string; level: FaultLevel } {
  const [, title, level] =
    /^-- (.+)\.\n-- level: (leak|weakness)\n-- \S/.exec(content.replaceAll('\r\n', '\n')) ?? [];
  if (!title || !level) {
    throw new IsolationRulesError(
      `${file} does not begin with its title, "-- level: leak" or "-- level: weakness", and what leaks`,
      'Write these three comments above the query, as the other rules do.',
    );
  }
  return { title, level: level as FaultLevel };
}

async function readTerms(directory: string): Promise<ReadonlyMap<string, string>> {
  const files = await listSql(directory);
  const contents = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));
  return new Map(files.map((file, index) => [file.slice(0, -4), withoutComments(contents[index] ?? '')]));
}

async function readExceptions(file: string): Promise<IsolationException[]> {
  try {
    return z.array(IsolationException).parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    throw new IsolationRulesError(
      `${file} cannot be read: ${reason}`,
      'It is a list of {rule, object, detail, why}, the first three as the lint reports them.',
      { cause },
    );
  }
}

async function listSql(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  } catch (cause) {
    throw new IsolationRulesError(
      `the directory ${directory} cannot be read: ${(cause as Error).message}`,
      'Pass the directory that holds 0001_….sql.',
      { cause },
    );
  }
}

/**
 * The complete query of some rules of one directory: its rows are {rule, object, detail, remedy}.
 * Together the rules take a tenth of the time that they take one by one, because Postgres reads each term once.
 */
export function isolationQuery(rules: readonly IsolationRule[]): string {
  // Recursive, so that terms may use each other in any order.
  const terms = [...(rules[0]?.terms ?? [])].map(([name, query]) => `${name} as (\n${query}\n)`);
  const queries = rules.map(
    ({ number, query }) =>
      `select '${number}' as rule, object::text, detail::text, remedy::text\nfrom (\n${query}\n) as fault`,
  );
  return [
    ...(terms.length > 0 ? [`with recursive ${terms.join(',\n')}`] : []),
    queries.join('\nunion all\n'),
    'order by rule, object, detail',
  ].join('\n');
}

/** Removes comment lines, surrounding blanks and the final semicolon, so that the query can be part of another one. */
function withoutComments(sql: string): string {
  return sql
    .replaceAll('\r\n', '\n')
    .replaceAll(/^ *--.*\n/gm, '')
    .trim()
    .replace(/;$/, '');
}
