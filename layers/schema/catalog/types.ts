import { IncompleteDump, isOwn, type ObjectKey, type Piece, type ReadCatalog } from './catalog.ts';

interface TypeRow {
  readonly key: ObjectKey;
  readonly name: string;
  readonly owner: string;
  readonly kind: 'enum' | 'domain' | 'composite' | 'range' | null;
  readonly code: string;
  /** Labels, attributes or options: the text in the parentheses. */
  readonly parts: readonly string[] | null;
  /** The base type of a domain with its collation, default and NOT NULL. */
  readonly base: string | null;
}

/** Enumerations, domains, composite and range types. Row types and array types are created with their table or type. */
export async function readTypes(read: ReadCatalog): Promise<Piece[]> {
  const rows = await read<TypeRow>(typesSql);
  return rows.map((row) => {
    if (!row.kind) throw new IncompleteDump(`type ${row.name} of kind "${row.code}"`);
    const statements = [create(row), `alter type ${row.name} owner to ${row.owner};`];
    return { key: row.key, rank: 0, name: row.name, statements };
  });
}

function create({ name, kind, parts, base }: TypeRow): string {
  const list = parts?.length ? `\n  ${parts.join(',\n  ')}\n` : '';
  switch (kind) {
    case 'enum':
      return `create type ${name} as enum (${list});`;
    case 'composite':
      return `create type ${name} as (${list});`;
    case 'range':
      return `create type ${name} as range (${list});`;
    default:
      return [`create domain ${name} as ${base}`, ...(parts ?? [])].join('\n  ').concat(';');
  }
}

/** ` collate x` if the collation of a column or domain differs from that of its type. */
export const collateClause = (collation: string, typeCollation: string) => `
  (select format(' collate %s', l.oid::regcollation) from pg_collation as l
   where l.oid = ${collation} and ${collation} <> ${typeCollation})`;

const typesSql = `
  select format('pg_type:%s', t.oid) as key, t.oid::regtype::text as name, t.typtype as code,
    quote_ident(pg_get_userbyid(t.typowner)) as owner,
    case t.typtype when 'e' then 'enum' when 'd' then 'domain' when 'r' then 'range' when 'c' then 'composite' end as kind,
    case t.typtype
      when 'e' then array(select quote_literal(e.enumlabel) from pg_enum as e where e.enumtypid = t.oid order by e.enumsortorder)
      when 'c' then array(
        select format('%I %s%s', a.attname, format_type(a.atttypid, a.atttypmod),
          ${collateClause('a.attcollation', '(select b.typcollation from pg_type as b where b.oid = a.atttypid)')})
        from pg_attribute as a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped order by a.attnum)
      when 'd' then array(
        select format('constraint %I %s', k.conname, case k.contype when 'n' then 'not null' else pg_get_constraintdef(k.oid, true) end)
        from pg_constraint as k where k.contypid = t.oid order by k.contype <> 'n', k.conname collate "C")
      when 'r' then array(
        select option from pg_range as r cross join lateral unnest(array[
          format('subtype = %s', format_type(r.rngsubtype, null)),
          (select format('subtype_opclass = %I.%I', n.nspname, o.opcname)
           from pg_opclass as o join pg_namespace as n on n.oid = o.opcnamespace where o.oid = r.rngsubopc),
          (select format('collation = %s', r.rngcollation::regcollation) where r.rngcollation <> 0),
          (select format('canonical = %s', r.rngcanonical) where r.rngcanonical <> 0),
          (select format('subtype_diff = %s', r.rngsubdiff) where r.rngsubdiff <> 0),
          format('multirange_type_name = %s', r.rngmultitypid::regtype)
        ]) as option where r.rngtypid = t.oid and option is not null)
    end as parts,
    case t.typtype when 'd' then
      concat(format_type(t.typbasetype, t.typtypmod),
        ${collateClause('t.typcollation', '(select b.typcollation from pg_type as b where b.oid = t.typbasetype)')},
        ' default ' || t.typdefault,
        case when t.typnotnull and not exists (select from pg_constraint as k where k.contypid = t.oid and k.contype = 'n')
          then ' not null' end)
    end as base
  from pg_type as t left join pg_class as c on c.oid = t.typrelid
  where ${isOwn('pg_type', 't.oid', 't.typnamespace')}
    and coalesce(c.relkind = 'c', true)
    and t.typtype <> 'm'
    and not exists (select from pg_type as e where e.typarray = t.oid)`;
