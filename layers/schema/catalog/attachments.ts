import { isOwn, type ObjectKey, type ReadCatalog } from './catalog.ts';

/** An object that is attached to a table or view and created after all of them. */
export interface Attachment {
  readonly key: ObjectKey;
  /** The table or view it is attached to. */
  readonly table: ObjectKey;
  readonly statement: string;
}

/** Indexes that no constraint creates, and the settings of those that a constraint creates. */
export function readIndexes(read: ReadCatalog): Promise<Attachment[]> {
  return read<Attachment>(`
    select format('pg_class:%s', i.oid) as key, format('pg_class:%s', x.indrelid) as "table",
      concat_ws(E'\\n',
        case when k.oid is null then pg_get_indexdef(i.oid, 0, true) || ';' end,
        case when k.oid is not null and i.reloptions is not null
          then format('alter index %s set (%s);', i.oid::regclass, array_to_string(i.reloptions, ', ')) end,
        case when x.indisclustered
          then format('alter table %s cluster on %I;', x.indrelid::regclass, i.relname) end,
        case when x.indisreplident
          then format('alter table %s replica identity using index %I;', x.indrelid::regclass, i.relname) end,
        (select string_agg(format('alter index %s alter column %s set statistics %s;', i.oid::regclass, a.attnum, a.attstattarget), E'\\n' order by a.attnum)
         from pg_attribute as a where a.attrelid = i.oid and a.attstattarget >= 0)
      ) as statement
    from pg_index as x
    join pg_class as i on i.oid = x.indexrelid
    left join pg_constraint as k on k.conindid = i.oid and k.contype in ('p', 'u', 'x')
    where ${isOwn('pg_class', 'i.oid', 'i.relnamespace')}
    order by x.indrelid::regclass::text collate "C", i.relname collate "C"`);
}

/** Extended statistics. */
export function readStatistics(read: ReadCatalog): Promise<Attachment[]> {
  return read<Attachment>(`
    select format('pg_statistic_ext:%s', s.oid) as key, format('pg_class:%s', s.stxrelid) as "table",
      concat_ws(E'\\n',
        pg_get_statisticsobjdef(s.oid) || ';',
        format('alter statistics %I.%I owner to %I;', n.nspname, s.stxname, pg_get_userbyid(s.stxowner)),
        case when s.stxstattarget >= 0
          then format('alter statistics %I.%I set statistics %s;', n.nspname, s.stxname, s.stxstattarget) end
      ) as statement
    from pg_statistic_ext as s join pg_namespace as n on n.oid = s.stxnamespace
    where ${isOwn('pg_statistic_ext', 's.oid', 's.stxnamespace')}
    order by n.nspname collate "C", s.stxname collate "C"`);
}

/** Triggers, and whether they fire: the dump must show one that is disabled or that fires always. */
export function readTriggers(read: ReadCatalog): Promise<Attachment[]> {
  return read<Attachment>(`
    select format('pg_trigger:%s', t.oid) as key, format('pg_class:%s', t.tgrelid) as "table",
      concat(pg_get_triggerdef(t.oid, true), ';',
        case when t.tgenabled <> 'O' then format(E'\\nalter table %s %s trigger %I;', t.tgrelid::regclass,
          case t.tgenabled when 'A' then 'enable always' when 'R' then 'enable replica' else 'disable' end, t.tgname) end
      ) as statement
    from pg_trigger as t
    where not t.tgisinternal and ${isOwn('pg_trigger', 't.oid')}
    order by t.tgrelid::regclass::text collate "C", t.tgname collate "C"`);
}

/** Event triggers. They belong to the database and not to a table, and their owner is the role that runs migrations. */
export async function readEventTriggers(read: ReadCatalog): Promise<string[]> {
  const found = await read<{ statement: string }>(`
    select concat(
      format('create event trigger %I on %s', v.evtname, v.evtevent),
      case when v.evttags is not null then format(' when tag in (%s)',
        (select string_agg(quote_literal(tag), ', ' order by n) from unnest(v.evttags) with ordinality as tags (tag, n))) end,
      format(' execute function %s;', v.evtfoid::regprocedure),
      case when v.evtenabled <> 'O' then format(E'\\nalter event trigger %I %s;', v.evtname,
        case v.evtenabled when 'A' then 'enable always' when 'R' then 'enable replica' else 'disable' end) end
    ) as statement
    from pg_event_trigger as v
    where ${isOwn('pg_event_trigger', 'v.oid')}
    order by v.evtname collate "C"`);
  return found.map(({ statement }) => statement);
}

/** Rewrite rules, except those of views. */
export function readRules(read: ReadCatalog): Promise<Attachment[]> {
  return read<Attachment>(`
    select format('pg_rewrite:%s', r.oid) as key, format('pg_class:%s', r.ev_class) as "table",
      concat(pg_get_ruledef(r.oid, true),
        case when r.ev_enabled <> 'O' then format(E'\\nalter table %s %s rule %I;', r.ev_class::regclass,
          case r.ev_enabled when 'A' then 'enable always' when 'R' then 'enable replica' else 'disable' end, r.rulename) end
      ) as statement
    from pg_rewrite as r
    where r.rulename <> '_RETURN' and ${isOwn('pg_rewrite', 'r.oid')}
    order by r.ev_class::regclass::text collate "C", r.rulename collate "C"`);
}

/** Row-level security (enabled and forced), then the policies. */
export async function readRowSecurity(read: ReadCatalog): Promise<Attachment[]> {
  const switches = await read<Attachment>(`
    select format('pg_class:%s', c.oid) as key, format('pg_class:%s', c.oid) as "table",
      concat_ws(E'\\n',
        case when c.relrowsecurity then format('alter table %s enable row level security;', c.oid::regclass) end,
        case when c.relforcerowsecurity then format('alter table %s force row level security;', c.oid::regclass) end
      ) as statement
    from pg_class as c
    where (c.relrowsecurity or c.relforcerowsecurity) and ${isOwn('pg_class', 'c.oid', 'c.relnamespace')}`);
  const policies = await read<Attachment>(`
    select format('pg_policy:%s', p.oid) as key, format('pg_class:%s', p.polrelid) as "table",
      concat(format('create policy %I on %s', p.polname, p.polrelid::regclass),
        case when not p.polpermissive then E'\\n  as restrictive' end,
        case p.polcmd when '*' then '' else E'\\n  for ' end
          || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else '' end,
        E'\\n  to ' || case when p.polroles = array[0::oid] then 'public' else (
          select string_agg(quote_ident(pg_get_userbyid(r)), ', ' order by pg_get_userbyid(r)) from unnest(p.polroles) as r) end,
        E'\\n  using (' || pg_get_expr(p.polqual, p.polrelid, true) || ')',
        E'\\n  with check (' || pg_get_expr(p.polwithcheck, p.polrelid, true) || ')',
        ';') as statement
    from pg_policy as p
    where ${isOwn('pg_policy', 'p.oid')}
    order by p.polrelid::regclass::text collate "C", p.polname collate "C"`);
  return [...switches, ...policies];
}
