import { DatabaseError, type FieldDef } from 'pg';

/** Something that runs statements, as the role that the example has connected as. */
export interface Session {
  query(text: string): Promise<{ rows: unknown[][]; fields: FieldDef[]; command: string }>;
}

export interface ExampleOptions {
  /** Opens a connection as a role: what `\connect - ROLE` in an example asks for. */
  readonly connect: (role: string) => Promise<Session>;
  /** Values for `:'name'` in an example. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Runs an example and returns its text with the result of each statement below it, as psql would show it.
 * A statement ends with the line that ends in a semicolon. Ids, times and hashes are replaced by `<id 1>`, `<time>` and
 * `<hash 1>`, numbered in the order in which they appear, so that each run has the same output.
 */
export async function runExample(source: string, { connect, variables }: ExampleOptions): Promise<string> {
  const stable = stabilizer(variables);
  const output: string[] = [];
  let session: Session | undefined;
  let statement: string[] = [];
  for (const line of source.trimEnd().split('\n')) {
    output.push(line);
    const [, role] = /^\\connect - (\w+)$/.exec(line) ?? [];
    if (role) session = await connect(role);
    if (role || (statement.length === 0 && /^(--.*)?$/.test(line))) continue;
    statement.push(line);
    if (!line.endsWith(';')) continue;
    if (!session) throw new Error('an example begins with \\connect - ROLE');
    output.push(...(await resultOf(session, filled(statement.join('\n'), variables), stable)));
    statement = [];
  }
  return `${output.join('\n')}\n`;
}

function filled(statement: string, variables: ExampleOptions['variables']): string {
  return statement.replaceAll(/:'(\w+)'/g, (_, name) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`there is no variable ${name}`);
    return `'${value}'`;
  });
}

type Stable = (text: string) => string;

async function resultOf(session: Session, statement: string, stable: Stable): Promise<string[]> {
  try {
    const { rows, fields, command } = await session.query(statement);
    return fields.length === 0 ? [command] : table(fields, rows, stable);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const { code, message, detail } = error;
    return stable(
      [`ERROR:  ${code}: ${message}`, ...(detail ? [`DETAIL:  ${prettier(detail)}`] : [])].join('\n'),
    ).split('\n');
  }
}

/** The rows as psql aligns them; a single value that is json, over several lines. */
function table(fields: readonly FieldDef[], rows: readonly unknown[][], stable: Stable): string[] {
  const only = rows[0]?.[0];
  if (rows.length === 1 && fields.length === 1 && typeof only === 'object' && only !== null) {
    return stable(JSON.stringify(only, undefined, 2)).split('\n');
  }
  const names = fields.map(({ name }) => name);
  const cells = rows.map((row) => row.map((value) => (value === null ? '' : stable(String(value)))));
  const widths = names.map((name, at) => Math.max(name.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const isNumber = names.map(
    (_, at) => cells.length > 0 && cells.every((row) => /^-?[\d.]*$/.test(row[at] ?? '')),
  );
  const aligned = (row: readonly string[]) =>
    row
      .map((cell, at) => ` ${isNumber[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)} `)
      .join('|')
      .trimEnd();
  return [
    aligned(names),
    widths.map((width) => '-'.repeat(width + 2)).join('+'),
    ...cells.map(aligned),
    `(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`,
  ];
}

function prettier(detail: string): string {
  try {
    return JSON.stringify(JSON.parse(detail), undefined, 2);
  } catch {
    return detail;
  }
}

/** Replaces what differs from run to run, always by the same name. */
function stabilizer(variables: ExampleOptions['variables']): Stable {
  const names = new Map(Object.entries(variables).map(([name, value]) => [value, `<${name}>`]));
  const counts = { id: 0, hash: 0 };
  const nameOf = (value: string, kind: keyof typeof counts) => {
    const known = names.get(value);
    if (known) return known;
    counts[kind] += 1;
    const name = `<${kind} ${counts[kind]}>`;
    names.set(value, name);
    return name;
  };
  return (text) =>
    text
      .replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, (id) => nameOf(id, 'id'))
      // The zeros before the first seal are no hash.
      .replaceAll(/\b(?!0{64})[0-9a-f]{64}\b/g, (hash) => nameOf(hash, 'hash'))
      .replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>')
      .replaceAll(/\bkey:[0-9A-Za-z]{12}\b/g, 'key:<key>');
}
