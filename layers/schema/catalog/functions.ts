import {
  IncompleteDump,
  isMadeWith,
  isOwn,
  type ObjectKey,
  type Piece,
  type ReadCatalog,
} from './catalog.ts';

interface FunctionRow {
  readonly key: ObjectKey;
  readonly name: string;
  readonly owner: string;
  readonly noun: 'function' | 'procedure' | null;
  readonly definition: string | null;
}

/** Functions and procedures, as Postgres prints them. */
export async function readFunctions(read: ReadCatalog): Promise<Piece[]> {
  const rows = await read<FunctionRow>(`
    select format('pg_proc:%s', p.oid) as key, p.oid::regprocedure::text as name,
      quote_ident(pg_get_userbyid(p.proowner)) as owner,
      case p.prokind when 'f' then 'function' when 'p' then 'procedure' end as noun,
      case when p.prokind in ('f', 'p') then pg_get_functiondef(p.oid) end as definition
    from pg_proc as p
    where ${isOwn('pg_proc', 'p.oid', 'p.pronamespace')} and not ${isMadeWith('pg_proc', 'p.oid')}`);
  return rows.map(({ key, name, owner, noun, definition }) => {
    if (!noun || !definition) throw new IncompleteDump(`${name}, which is an aggregate or a window function`);
    return {
      key,
      rank: 2,
      name,
      statements: [`${definition.trimEnd()};`, `alter ${noun} ${name} owner to ${owner};`],
    };
  });
}
