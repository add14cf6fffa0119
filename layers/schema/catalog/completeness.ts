import { firstOwnOid, IncompleteDump, type ReadCatalog } from './catalog.ts';

/** The catalogues whose rows are all dumped or refused by the module that reads them. Large objects are data. */
const dumpedCatalogs = new Set(
  `pg_attrdef pg_class pg_constraint pg_default_acl pg_enum pg_event_trigger pg_extension pg_largeobject_metadata pg_namespace
   pg_policy pg_proc pg_rewrite pg_statistic_ext pg_trigger pg_type`.split(/\s+/),
);

/**
 * Refuses a schema with anything that the dump would leave out. It reads from the catalogue which catalogues exist, so it also
 * refuses kinds of objects that a later Postgres adds.
 * @throws IncompleteDump naming the first such object
 */
export async function refuseUnknown(read: ReadCatalog): Promise<void> {
  const catalogs = await read<{ name: string }>(`
    select c.relname as name
    from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attname = 'oid'
    where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' and not c.relisshared
      -- The master of a managed service may not see user mappings; they need a foreign server, which is seen.
      and has_column_privilege(c.oid, a.attnum, 'select')
    order by 1`);
  const unknown = catalogs.filter(({ name }) => !dumpedCatalogs.has(name));
  const [left] = await read<{ what: string }>(
    [...unknown.map(({ name }) => rowsOf(name)), ...features].join('\nunion all\n').concat('\nlimit 1'),
  );
  if (left) throw new IncompleteDump(left.what);
}

function rowsOf(catalog: string): string {
  return `select pg_describe_object('${catalog}'::regclass, o.oid, 0) as what from pg_catalog.${catalog} as o
    where o.oid >= ${firstOwnOid} and not exists (
      select from pg_depend as d where d.classid = '${catalog}'::regclass and d.objid = o.oid
        -- Made with another object (a range type's cast), or a part of an extension's (its operator families' members).
        and (d.deptype in ('e', 'i') or (d.deptype = 'a' and exists (
          select from pg_depend as x where (x.classid, x.objid, x.deptype) = (d.refclassid, d.refobjid, 'e'))))
    )`;
}

const ownRelation = `c.oid >= ${firstOwnOid} and c.relnamespace not in (
    select n.oid from pg_namespace as n where n.nspname ~ '^pg_(temp|toast)'
  ) and not exists (select from pg_depend as e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')`;

/** What the known catalogues can contain but the dump does not write. */
const features = [
  `select format('relation %s of kind "%s"', c.oid::regclass, c.relkind) from pg_class as c
   where ${ownRelation} and c.relkind not in ('r', 'v', 'S', 'i', 'c', 't')`,
  `select format('%s, which inherits', i.inhrelid::regclass) from pg_inherits as i`,
  `select format('%s, a table of a type', c.oid::regclass) from pg_class as c where ${ownRelation} and c.reloftype <> 0`,
  `select format('%s, in a tablespace', c.oid::regclass) from pg_class as c where ${ownRelation} and c.reltablespace <> 0`,
  `select format('%s, with an access method of its own', c.oid::regclass) from pg_class as c join pg_am as m on m.oid = c.relam
   where ${ownRelation} and c.relkind = 'r' and m.amname <> 'heap'`,
  `select format('the invalid index %s', c.oid::regclass) from pg_index as i join pg_class as c on c.oid = i.indexrelid
   where ${ownRelation} and not (i.indisvalid and i.indisready)`,
  `select format('constraint %s of kind "%s"', k.conname, k.contype) from pg_constraint as k
   where k.oid >= ${firstOwnOid} and k.contype not in ('c', 'f', 'n', 'p', 't', 'u', 'x')`,
  `select format('a dependency of %s on an extension', pg_describe_object(d.classid, d.objid, d.objsubid))
   from pg_depend as d where d.deptype = 'x'`,
  `select format('a security label on %s', pg_describe_object(l.classoid, l.objoid, l.objsubid)) from pg_seclabel as l`,
];
