import { isOwn, type Piece, type ReadCatalog } from './catalog.ts';

/** The schemas, including `public` because of its privileges. */
export function readSchemas(read: ReadCatalog): Promise<Piece[]> {
  return read<Piece>(`
    select format('pg_namespace:%s', n.oid) as key, 0 as rank, quote_ident(n.nspname) as name,
      array[
        case when n.nspname = 'public' then 'create schema if not exists public;' else format('create schema %I;', n.nspname) end,
        format('alter schema %I owner to %I;', n.nspname, pg_get_userbyid(n.nspowner))
      ] as statements
    from pg_namespace as n
    where (${isOwn('pg_namespace', 'n.oid')} and n.nspname !~ '^pg_') or n.nspname = 'public'
    order by n.nspname collate "C"`);
}

/** The extensions, with their versions. plpgsql is in every database. */
export function readExtensions(read: ReadCatalog): Promise<Piece[]> {
  return read<Piece>(`
    select format('pg_extension:%s', e.oid) as key, 0 as rank, quote_ident(e.extname) as name,
      array[format('create extension %I with schema %I version %L;', e.extname, n.nspname, e.extversion)] as statements
    from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace
    where e.extname <> 'plpgsql'
    order by e.extname collate "C"`);
}
