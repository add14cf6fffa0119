import { firstOwnOid, type ObjectKey, type ReadCatalog } from './catalog.ts';
import type { Dependency } from './order.ts';

/** Which whole object needs which, and which object a part (such as a default or a row type) belongs to. */
export interface Dependencies {
  readonly all: readonly Dependency[];
  /** The object that a part is dumped with, such as the table of a column default. */
  readonly wholeOf: ReadonlyMap<ObjectKey, ObjectKey>;
}

/** Reads pg_depend. It leaves out that a sequence belongs to a column: that is set when both exist. */
export async function readDependencies(read: ReadCatalog): Promise<Dependencies> {
  const all = await read<Dependency>(`
    select distinct format('%s:%s', d.classid::regclass, d.objid) as from,
      format('%s:%s', d.refclassid::regclass, d.refobjid) as to
    from pg_depend as d
    where d.objid >= ${firstOwnOid} and d.refobjid >= ${firstOwnOid} and d.deptype in ('n', 'a', 'i')
      and not (d.deptype = 'a' and d.classid = 'pg_class'::regclass
        and exists (select from pg_sequence as s where s.seqrelid = d.objid))`);
  const parts = await read<{ part: ObjectKey; whole: ObjectKey }>(`
    select format('pg_type:%s', t.oid) as part,
      case c.relkind when 'c' then null else format('pg_class:%s', c.oid) end as whole
    from pg_type as t join pg_class as c on c.oid = t.typrelid
    union all select format('pg_class:%s', t.typrelid), format('pg_type:%s', t.oid)
      from pg_type as t join pg_class as c on c.oid = t.typrelid and c.relkind = 'c'
    union all select format('pg_type:%s', t.typarray), format('pg_type:%s', t.oid) from pg_type as t where t.typarray <> 0
    union all select format('pg_type:%s', r.rngmultitypid), format('pg_type:%s', r.rngtypid) from pg_range as r
    union all select format('pg_attrdef:%s', d.oid), format('pg_class:%s', d.adrelid) from pg_attrdef as d
    union all select format('pg_rewrite:%s', r.oid), format('pg_class:%s', r.ev_class) from pg_rewrite as r where r.rulename = '_RETURN'
    union all select format('pg_constraint:%s', k.oid), coalesce(
        case when k.conrelid <> 0 then format('pg_class:%s', k.conrelid) end, format('pg_type:%s', k.contypid))
      from pg_constraint as k
    union all select format('pg_class:%s', k.conindid), format('pg_constraint:%s', k.oid)
      from pg_constraint as k where k.contype in ('p', 'u', 'x')
    union all select format('pg_class:%s', d.objid), format('pg_class:%s', d.refobjid)
      from pg_depend as d join pg_sequence as s on s.seqrelid = d.objid
      where d.classid = 'pg_class'::regclass and d.deptype = 'i'
    union all select format('pg_proc:%s', d.objid), format('%s:%s', d.refclassid::regclass, d.refobjid)
      from pg_depend as d where d.classid = 'pg_proc'::regclass and d.deptype = 'i'`);
  return {
    all,
    wholeOf: new Map(parts.filter(({ whole }) => whole).map(({ part, whole }) => [part, whole])),
  };
}

/** Follows parts up to the object that is dumped separately. */
export function dumpedWith(
  key: ObjectKey,
  wholeOf: ReadonlyMap<ObjectKey, ObjectKey>,
  isPiece: (key: ObjectKey) => boolean,
): ObjectKey {
  let current = key;
  for (let whole = wholeOf.get(current); whole && !isPiece(current); whole = wholeOf.get(current))
    current = whole;
  return current;
}
