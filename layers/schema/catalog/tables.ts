import { IncompleteDump, isOwn, type ObjectKey, type Piece, type ReadCatalog } from './catalog.ts';
import { sequenceOptions } from './sequences.ts';
import { collateClause } from './types.ts';

interface TableRow {
  readonly key: ObjectKey;
  readonly name: string;
  readonly owner: string;
  readonly unlogged: boolean;
  readonly storage: readonly string[];
  readonly replicaIdentity: string | null;
}

interface ColumnRow {
  readonly table: ObjectKey;
  /** The key of its default expression. */
  readonly defaultKey: ObjectKey | null;
  readonly name: string;
  readonly type: string;
  /** `default …`, without this word for a generated column. */
  readonly default: string | null;
  readonly generated: boolean;
  readonly rest: string;
  /** `alter column` actions that cannot be part of `create table`. */
  readonly settings: readonly string[];
}

interface ConstraintRow {
  readonly key: ObjectKey;
  readonly table: ObjectKey;
  readonly name: string;
  readonly definition: string;
  readonly kind: string;
  /** False for a constraint that is NOT VALID or NOT ENFORCED: `create table` would validate or refuse it. */
  readonly inline: boolean;
}

/** Everything about tables, before it is decided what is part of `create table` and what comes after it. */
export interface TableParts {
  readonly tables: readonly TableRow[];
  readonly columns: readonly ColumnRow[];
  readonly constraints: readonly ConstraintRow[];
}

/** Reads ordinary tables with their columns and constraints, including foreign keys. */
export async function readTables(read: ReadCatalog): Promise<TableParts> {
  return {
    tables: await read<TableRow>(tablesSql),
    columns: await read<ColumnRow>(columnsSql),
    constraints: await read<ConstraintRow>(constraintsSql),
  };
}

/**
 * The pieces of tables: each table with everything that fits into it; then, separately, the defaults and constraints in
 * `apart` (they need something that needs the table) and those not validated; the foreign keys come last.
 */
export function tablePieces(
  parts: TableParts,
  apart: ReadonlySet<ObjectKey>,
): { tables: Piece[]; foreignKeys: Piece[] } {
  const tables = new Map(parts.tables.map((table) => [table.key, table]));
  const isApart = ({ key, kind, inline }: ConstraintRow) => kind === 'f' || !inline || apart.has(key);
  const constraintPieces = parts.constraints.filter(isApart).map((constraint) => ({
    piece: {
      key: constraint.key,
      rank: 4,
      name: `${tables.get(constraint.table)?.name}.${constraint.name}`,
      statements: [
        `alter table ${tables.get(constraint.table)?.name}\n  add constraint ${constraint.name} ${constraint.definition};`,
      ],
    },
    isForeignKey: constraint.kind === 'f',
  }));
  const defaultPieces = parts.columns.flatMap((column) => {
    if (!column.defaultKey || !apart.has(column.defaultKey)) return [];
    const table = tables.get(column.table)?.name;
    if (column.generated)
      throw new IncompleteDump(`the generated column ${table}.${column.name}, which needs its own table`);
    const statement = `alter table ${table} alter column ${column.name} set ${column.default};`;
    return [{ key: column.defaultKey, rank: 4, name: `${table}.${column.name}`, statements: [statement] }];
  });
  const tablesThemselves = parts.tables.map((table) => {
    const columns = parts.columns.filter((column) => column.table === table.key);
    const constraints = parts.constraints.filter((each) => each.table === table.key && !isApart(each));
    return {
      key: table.key,
      rank: 3,
      name: table.name,
      statements: createTable(table, columns, constraints, apart),
    };
  });
  return {
    tables: [
      ...tablesThemselves,
      ...defaultPieces,
      ...constraintPieces.filter(({ isForeignKey }) => !isForeignKey).map(({ piece }) => piece),
    ],
    foreignKeys: constraintPieces.filter(({ isForeignKey }) => isForeignKey).map(({ piece }) => piece),
  };
}

function createTable(
  table: TableRow,
  columns: readonly ColumnRow[],
  constraints: readonly ConstraintRow[],
  apart: ReadonlySet<ObjectKey>,
): string[] {
  const lines = [
    ...columns.map((column) => {
      const isInline = column.default && !(column.defaultKey && apart.has(column.defaultKey));
      return [column.name, column.type, isInline ? column.default : '', column.rest]
        .filter(Boolean)
        .join(' ');
    }),
    ...constraints.map(({ name, definition }) => `constraint ${name} ${definition}`),
  ];
  const body = lines.length ? `\n  ${lines.join(',\n  ')}\n` : '';
  const storage = table.storage.length ? `\nwith (${table.storage.join(', ')})` : '';
  const settings = columns.flatMap(({ name, settings: actions }) =>
    actions.map((action) => `alter table ${table.name} alter column ${name} ${action};`),
  );
  return [
    `create ${table.unlogged ? 'unlogged ' : ''}table ${table.name} (${body})${storage};`,
    `alter table ${table.name} owner to ${table.owner};`,
    ...settings,
    ...(table.replicaIdentity
      ? [`alter table ${table.name} replica identity ${table.replicaIdentity};`]
      : []),
  ];
}

const ownTable = `c.relkind = 'r' and ${isOwn('pg_class', 'c.oid', 'c.relnamespace')}`;

const tablesSql = `
  select format('pg_class:%s', c.oid) as key, c.oid::regclass::text as name,
    quote_ident(pg_get_userbyid(c.relowner)) as owner,
    c.relpersistence = 'u' as unlogged,
    array(select format('%s = %s', split_part(o, '=', 1), split_part(o, '=', 2)) from unnest(c.reloptions) as o)
      || array(select format('toast.%s = %s', split_part(o, '=', 1), split_part(o, '=', 2))
         from pg_class as t cross join unnest(t.reloptions) as o where t.oid = c.reltoastrelid) as storage,
    case c.relreplident when 'f' then 'full' when 'n' then 'nothing' end as "replicaIdentity"
  from pg_class as c
  where ${ownTable}
  order by c.oid::regclass::text collate "C"`;

/** The name that Postgres itself gives to a constraint of a column, if it has that name. Otherwise the name is written. */
const usualName = (suffix: string) => `format('%s_%s_${suffix}', c.relname, a.attname)`;

const columnsSql = `
  select format('pg_class:%s', c.oid) as "table", 'pg_attrdef:' || d.oid as "defaultKey",
    quote_ident(a.attname) as name,
    concat(format_type(a.atttypid, a.atttypmod), ${collateClause('a.attcollation', 't.typcollation')}) as type,
    a.attgenerated <> '' as generated,
    case a.attgenerated
      when 's' then format('generated always as (%s) stored', pg_get_expr(d.adbin, d.adrelid, true))
      when 'v' then format('generated always as (%s) virtual', pg_get_expr(d.adbin, d.adrelid, true))
      else 'default ' || pg_get_expr(d.adbin, d.adrelid, true)
    end as default,
    concat_ws(' ',
      case when s.seqrelid is not null then format('generated %s as identity%s',
        case a.attidentity when 'a' then 'always' else 'by default' end,
        ' (' || nullif(ltrim(concat(
          case when q.relname <> ${usualName('seq')} then format(' sequence name %s', q.oid::regclass) end,
          ${sequenceOptions})), '') || ')') end,
      case when n.convalidated and n.conname <> ${usualName('not_null')} then format('constraint %I', n.conname) end,
      case when a.attnotnull and coalesce(n.convalidated, true) then 'not null' end,
      case when n.convalidated and n.connoinherit then 'no inherit' end
    ) as rest,
    array_remove(array[
      case when a.attstorage <> t.typstorage then format('set storage %s',
        case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' when 'x' then 'extended' end) end,
      case a.attcompression when 'p' then 'set compression pglz' when 'l' then 'set compression lz4' end,
      case when a.attstattarget >= 0 then format('set statistics %s', a.attstattarget) end,
      case when a.attoptions is not null then format('set (%s)', array_to_string(a.attoptions, ', ')) end
    ], null) as settings
  from pg_class as c
  join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_type as t on t.oid = a.atttypid
  left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
  left join pg_constraint as n on n.conrelid = c.oid and n.contype = 'n' and n.conkey = array[a.attnum]
  left join pg_depend as i on i.refclassid = 'pg_class'::regclass and i.refobjid = c.oid and i.refobjsubid = a.attnum
    and i.classid = 'pg_class'::regclass and i.deptype = 'i' and a.attidentity <> ''
  left join pg_sequence as s on s.seqrelid = i.objid
  left join pg_class as q on q.oid = s.seqrelid
  where ${ownTable}
  order by c.oid, a.attnum`;

const constraintsSql = `
  select format('pg_constraint:%s', k.oid) as key, format('pg_class:%s', c.oid) as "table",
    quote_ident(k.conname) as name, pg_get_constraintdef(k.oid, true) as definition, k.contype as kind,
    k.convalidated as inline
  from pg_constraint as k join pg_class as c on c.oid = k.conrelid
  where ${ownTable} and (k.contype in ('p', 'u', 'x', 'c', 'f') or (k.contype = 'n' and not k.convalidated))
  order by array_position(array['p', 'u', 'x', 'c', 'n', 'f']::"char"[], k.contype), k.conname collate "C"`;
