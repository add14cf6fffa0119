import { type Client, escapeIdentifier } from 'pg';
import { chooseValues } from './choose-values.ts';
import { readTableShapes, type TableShape } from './table-shapes.ts';

/** How many rows each table gets: enough that a rewrite and a scan are one. */
const rowsPerTable = 50;

/** The tables that could not be given a row, with the reason. */
export interface Unfilled {
  readonly table: string;
  readonly reason: string;
}

/**
 * Gives every empty table rows that obey its types, checks and foreign keys, as far as they can be guessed from the catalogue.
 * Triggers do not fire, and where no value for a check is found, the check is not applied: nothing of that is left afterwards.
 * @param isWanted only these tables
 */
export async function fillTables(
  client: Client,
  isWanted: (table: string) => boolean = () => true,
): Promise<Unfilled[]> {
  const unfilled: Unfilled[] = [];
  for (const shape of await readTableShapes(client)) {
    if (!isWanted(shape.name)) continue;
    const { rows } = await client.query(`select exists (select from ${shape.name}) as "isFilled"`);
    if (rows[0].isFilled) continue;
    const reason = await fillTable(client, shape);
    if (reason) unfilled.push({ table: shape.name, reason });
  }
  return unfilled;
}

async function fillTable(client: Client, shape: TableShape): Promise<string | undefined> {
  const values = await chooseValues(client, shape);
  const first = await insertRows(client, shape, values.expressions, values.isComplete);
  if (first === undefined || !values.isComplete) return first;
  return await insertRows(client, shape, values.expressions, false);
}

/** Inserts rows past the triggers, and past the checks too when they cannot be met. Answers why it could not. */
async function insertRows(
  client: Client,
  shape: TableShape,
  values: ReadonlyMap<string, string>,
  obeysChecks: boolean,
): Promise<string | undefined> {
  await client.query('begin');
  try {
    const { rows } = await client.query(
      `update pg_class c set relhastriggers = false, relchecks = case when $2 then c.relchecks else 0 end
       from pg_class b where b.oid = c.oid and c.oid = $1
       returning b.relhastriggers as triggers, b.relchecks as checks`,
      [shape.oid, obeysChecks],
    );
    await client.query(insertStatement(shape, values));
    await client.query('update pg_class set relhastriggers = $2, relchecks = $3 where oid = $1', [
      shape.oid,
      rows[0].triggers,
      rows[0].checks,
    ]);
    await client.query('commit');
    return undefined;
  } catch (error) {
    await client.query('rollback');
    return (error as Error).message;
  }
}

function insertStatement(shape: TableShape, values: ReadonlyMap<string, string>): string {
  const columns = [...values.keys()].map(escapeIdentifier);
  const sources = shape.references.map(({ table, referenced }, index) => {
    const order = referenced.map(escapeIdentifier).join(', ');
    return `left join lateral (
      select ${order} from ${table} order by ${order}
      offset (i - 1) % greatest(1, (select count(*) from ${table})) limit 1
    ) as r${index} on true`;
  });
  if (columns.length === 0) return `insert into ${shape.name} default values`;
  return `insert into ${shape.name} (${columns.join(', ')})
    select ${[...values.values()].join(', ')}
    from generate_series(1, ${rowsPerTable}) as g (i)
    ${sources.join('\n')}
    on conflict do nothing`;
}
