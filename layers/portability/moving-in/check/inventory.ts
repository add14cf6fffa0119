import type pg from 'pg';
import { type CodeLine, codeColumns } from './code-map.ts';

/** Which organization the rows of a table get, by the value of one of their columns. */
export interface Assignment {
  readonly table: 'items' | 'locations';
  readonly column: string;
  readonly value: string;
  readonly organization: string;
}

/** The decisions about the move that a check applies without writing anything. */
export interface MovePlan {
  readonly codes?: readonly CodeLine[] | undefined;
  readonly assignments?: readonly Assignment[] | undefined;
  /** The slug of the organization of every row of a table without assignments. */
  readonly organization?: string | undefined;
}

/** The inventory as the rules see it: with the codes and organizations that its rows will have. */
export interface Inventory {
  /**
   * SQL for the rows of items or locations: `id`, `code` (the present one), `line` (of the map, or null), `becomes` (the code
   * after the move) and `organization`.
   */
  moved(table: 'items' | 'locations'): string;
  /** The greatest id that a movement may have: no id that has been drawn is greater. */
  readonly newestId: string;
}

/** Reads what the tables have at this step of the move. */
export async function openInventory(
  client: pg.ClientBase,
  { codes = [], assignments = [], organization = '' }: MovePlan,
): Promise<Inventory> {
  // The ids that the old tables draw before Postgres 18 round the clock to the nearest millisecond, up as well.
  const { rows } = await client.query<{ ms: string }>(
    'select round(extract(epoch from clock_timestamp()) * 1000) as ms',
  );

  function organizationOf(table: 'items' | 'locations'): string {
    const own = assignments.filter((assignment) => assignment.table === table);
    if (own[0]) {
      const column = client.escapeIdentifier(own[0].column);
      const lists = arrays(
        client,
        own.map(({ value }) => value),
        own.map(({ organization }) => organization),
      );
      return `coalesce((
        select a.organization from unnest(${lists}) as a (value, organization) where a.value = r.${column}::text limit 1
      ), '')`;
    }
    return `${client.escapeLiteral(organization)}::text`;
  }

  return {
    newestId: idAfter(Number(rows[0]?.ms)),
    moved(table) {
      const column = codeColumns[table];
      const own = codes.filter((line) => line.table === table);
      const lists = arrays(
        client,
        own.map(({ code }) => code),
        own.map(({ becomes }) => becomes),
        own.map(({ line }) => String(line)),
      );
      return `(
        select
          r.id::text as id, r.${column} as code, m.line, coalesce(m.becomes, r.${column}) as becomes,
          ${organizationOf(table)} as organization
        from inventory.${table} r
        left join unnest(${lists}) as m (code, becomes, line) on m.code = r.${column}
      )`;
    },
  };
}

/** Lists of equal length as SQL. A cursor takes no parameters. */
function arrays(client: pg.ClientBase, ...lists: readonly (readonly string[])[]): string {
  return lists
    .map((list) => `array[${list.map((value) => client.escapeLiteral(value)).join(', ')}]::text[]`)
    .join(', ');
}

/** The greatest id of a millisecond (RFC 9562, version 7), as text. */
function idAfter(ms: number): string {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7fff-bfff-ffffffffffff`;
}
