import { isOwn, type Piece, type ReadCatalog } from './catalog.ts';

/** Views, with their options: security_invoker decides whose rows they show. */
export function readViews(read: ReadCatalog): Promise<Piece[]> {
  return read<Piece>(`
    select format('pg_class:%s', c.oid) as key, 5 as rank, c.oid::regclass::text as name,
      array[
        concat(format('create view %s', c.oid::regclass), ' with (' || array_to_string(c.reloptions, ', ') || ')',
          E' as\\n', pg_get_viewdef(c.oid, true)),
        format('alter view %s owner to %I;', c.oid::regclass, pg_get_userbyid(c.relowner))
      ] || array(
        select format('alter view %s alter column %I set default %s;', c.oid::regclass, a.attname, pg_get_expr(d.adbin, d.adrelid, true))
        from pg_attrdef as d join pg_attribute as a on a.attrelid = d.adrelid and a.attnum = d.adnum
        where d.adrelid = c.oid order by a.attnum
      ) as statements
    from pg_class as c
    where c.relkind = 'v' and ${isOwn('pg_class', 'c.oid', 'c.relnamespace')}`);
}
