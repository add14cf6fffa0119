import { type Client, escapeIdentifier } from 'pg';
import { candidates } from './candidates.ts';
import type { CheckShape, ColumnShape, TableShape } from './table-shapes.ts';

/** The values of a row, as expressions of its number `i`. */
export interface ChosenValues {
  readonly expressions: ReadonlyMap<string, string>;
  /** Whether every check is met. */
  readonly isComplete: boolean;
}

/** Combinations that are tried for the checks over several columns. */
const mostTries = 400;

/** Finds a value for each column that has no default, so that every check is met. */
export async function chooseValues(client: Client, shape: TableShape): Promise<ChosenValues> {
  const referenced = referencedColumns(shape);
  const open = shape.columns.filter(({ name, hasDefault }) => !referenced.has(name) && !hasDefault);
  const options = new Map<string, string[]>();
  let isComplete = true;
  for (const column of open) {
    const own = shape.checks.filter(({ columns }) => columns.length === 1 && columns[0] === column.name);
    const isFree = shape.checks.every(
      ({ columns }) => columns.length === 1 || !columns.includes(column.name),
    );
    const met = await meeting(client, column, candidates(column, shape.checks), own, isFree ? 1 : 20);
    if (met.length === 0) isComplete = false;
    const fallback = met.length > 0 ? met : candidates(column, []).slice(0, 1);
    options.set(column.name, column.isNotNull ? fallback : [...fallback, `null::${column.type}`]);
  }
  const several = shape.checks.filter(
    ({ columns }) => columns.length > 1 && columns.every((column) => options.has(column)),
  );
  const combined = await combine(client, options, several);
  const expressions = new Map([...(combined ?? first(options)), ...referenced]);
  return { expressions, isComplete: isComplete && combined !== undefined };
}

/** The columns of foreign keys take the values of a row that is there. */
function referencedColumns({ references, name }: TableShape): Map<string, string> {
  const columns = new Map<string, string>();
  for (const [index, reference] of references.entries()) {
    if (reference.table === name) continue;
    for (const [at, column] of reference.columns.entries()) {
      const referenced = reference.referenced[at];
      if (referenced && !columns.has(column))
        columns.set(column, `r${index}.${escapeIdentifier(referenced)}`);
    }
  }
  return columns;
}

async function meeting(
  client: Client,
  column: ColumnShape,
  expressions: readonly string[],
  checks: readonly CheckShape[],
  most: number,
): Promise<string[]> {
  const met: string[] = [];
  for (const expression of expressions) {
    if (met.length === most) break;
    if (await holds(client, new Map([[column.name, expression]]), checks)) met.push(expression);
  }
  return met;
}

async function combine(
  client: Client,
  options: ReadonlyMap<string, string[]>,
  checks: readonly CheckShape[],
): Promise<Map<string, string> | undefined> {
  const simple = first(options);
  if (checks.length === 0) return simple;
  const involved = [...new Set(checks.flatMap(({ columns }) => columns))];
  let tries = 0;
  for (const choice of product(involved.map((column) => options.get(column) ?? []))) {
    tries += 1;
    if (tries > mostTries) return undefined;
    const chosen = new Map(involved.map((column, index) => [column, choice[index] ?? 'null']));
    if (await holds(client, chosen, checks)) return new Map([...simple, ...chosen]);
  }
  return undefined;
}

function first(options: ReadonlyMap<string, string[]>): Map<string, string> {
  return new Map([...options].map(([column, [expression = 'null']]) => [column, expression]));
}

function* product(lists: readonly (readonly string[])[]): Generator<string[]> {
  const [head, ...rest] = lists;
  if (!head) {
    yield [];
    return;
  }
  for (const value of head) for (const others of product(rest)) yield [value, ...others];
}

/** Whether the first rows meet the checks. An expression that cannot be computed meets none. */
async function holds(
  client: Client,
  values: ReadonlyMap<string, string>,
  checks: readonly CheckShape[],
): Promise<boolean> {
  const columns = [...values].map(([column, expression]) => `${expression} as ${escapeIdentifier(column)}`);
  const conditions = checks.map(({ expression }) => `(${expression}) is not false`);
  try {
    const { rows } = await client.query(
      `select bool_and(${conditions.join(' and ') || 'true'}) as holds
       from (select ${columns.join(', ')} from generate_series(1, 30) as g (i)) as candidate`,
    );
    return rows[0].holds === true;
  } catch {
    return false;
  }
}
