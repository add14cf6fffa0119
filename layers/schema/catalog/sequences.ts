import { isMadeWith, isOwn, type ObjectKey, type Piece, type ReadCatalog } from './catalog.ts';

/** Sequences on their own or for a default. Sequences of identity columns are part of their table. */
export async function readSequences(read: ReadCatalog): Promise<Piece[]> {
  return read<Piece>(`
    select format('pg_class:%s', c.oid) as key, 1 as rank, c.oid::regclass::text as name,
      array[
        format('create %ssequence %s as %s%s;', case c.relpersistence when 'u' then 'unlogged ' else '' end,
          c.oid::regclass, s.seqtypid::regtype, ${sequenceOptions}),
        format('alter sequence %s owner to %I;', c.oid::regclass, pg_get_userbyid(c.relowner))
      ] as statements
    from pg_sequence as s join pg_class as c on c.oid = s.seqrelid
    where ${isOwn('pg_class', 'c.oid', 'c.relnamespace')}
      and not ${isMadeWith('pg_class', 'c.oid')}`);
}

/** The statements that connect a sequence with its column, by sequence. They need the table. */
export async function readSequenceOwners(read: ReadCatalog): Promise<string[]> {
  const rows = await read<{ key: ObjectKey; statement: string }>(`
    select format('alter sequence %s owned by %s.%I;', c.oid::regclass, d.refobjid::regclass, a.attname) as statement
    from pg_class as c
    join pg_depend as d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'a'
      and d.refclassid = 'pg_class'::regclass
    join pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where c.relkind = 'S' and ${isOwn('pg_class', 'c.oid', 'c.relnamespace')}
    order by 1`);
  return rows.map(({ statement }) => statement);
}

/** The options of a pg_sequence row `s` that differ from a default ascending sequence, as SQL that returns text. */
export const sequenceOptions = `
  concat(
    case when s.seqincrement <> 1 then format(' increment by %s', s.seqincrement) end,
    case when s.seqmin <> 1 then format(' minvalue %s', s.seqmin) end,
    case when s.seqmax <> case s.seqtypid when 'smallint'::regtype then 32767
        when 'integer'::regtype then 2147483647 else 9223372036854775807 end
      then format(' maxvalue %s', s.seqmax) end,
    case when s.seqstart <> s.seqmin then format(' start with %s', s.seqstart) end,
    case when s.seqcache <> 1 then format(' cache %s', s.seqcache) end,
    case when s.seqcycle then ' cycle' end
  )`;
