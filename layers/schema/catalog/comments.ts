import { firstOwnOid, IncompleteDump, isOwn, type ObjectKey, type ReadCatalog } from './catalog.ts';

interface Comment {
  readonly key: ObjectKey;
  readonly type: string;
  readonly identity: string;
  readonly literal: string;
}

/** Object types whose name in `comment on` differs from the one of pg_identify_object. */
const nouns: Readonly<Record<string, string>> = {
  'composite type': 'type',
  'composite type column': 'column',
  'domain constraint': 'constraint',
  'statistics object': 'statistics',
  'table column': 'column',
  'table constraint': 'constraint',
  'view column': 'column',
};
const sameNouns = new Set(
  'extension function index policy procedure rule schema sequence table trigger type view'.split(' '),
);

/** The comments of every object, by object. Comments of columns and constraints belong to their table. */
export async function readComments(read: ReadCatalog): Promise<Map<ObjectKey, string[]>> {
  const comments = await read<Comment>(`
    select format('%s:%s', d.classoid::regclass, d.objoid) as key, i.type,
      case when d.classoid = 'pg_proc'::regclass then d.objoid::regprocedure::text else i.identity end as identity,
      quote_literal(d.description) as literal
    from pg_description as d
    cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) as i
    where (d.objoid >= ${firstOwnOid} and not exists (
        select from pg_depend as e where e.classid = d.classoid and e.objid = d.objoid and e.deptype = 'e'
      ))
      or (d.classoid = 'pg_namespace'::regclass and i.identity = 'public' and d.description <> 'standard public schema')
    order by d.classoid::regclass::text, i.identity, d.objsubid`);
  const domainConstraints = new Map(
    (
      await read<{ key: ObjectKey; place: string }>(`
        select format('pg_constraint:%s', k.oid) as key, format('%I on domain %s', k.conname, k.contypid::regtype) as place
        from pg_constraint as k where k.contypid <> 0 and ${isOwn('pg_constraint', 'k.oid')}`)
    ).map(({ key, place }) => [key, place]),
  );
  const statements = new Map<ObjectKey, string[]>();
  for (const { key, type, identity, literal } of comments) {
    const noun = nouns[type] ?? (sameNouns.has(type) ? type : undefined);
    if (!noun) throw new IncompleteDump(`a comment on ${type} ${identity}`);
    const place = domainConstraints.get(key) ?? identity;
    statements.set(key, [...(statements.get(key) ?? []), `comment on ${noun} ${place} is\n  ${literal};`]);
  }
  return statements;
}
