-- Functions and procedures that did not come with Postgres or an extension. body is without comments; strings stay, since
-- what is in them may be run.
select
  p.oid,
  p.oid::regprocedure::text as name,
  p.proowner as owner,
  p.proacl as acl,
  p.prosecdef as is_definer,
  p.proleakproof as is_leakproof,
  p.proconfig as settings,
  p.provolatile as volatility,
  l.lanname as language,
  l.lanpltrusted as is_trusted,
  regexp_replace(
    coalesce(pg_get_function_sqlbody(p.oid), p.prosrc),
    $re$('(?:[^']|'')*'|"[^"]*")|--[^\n]*|/\*(?:[^*]|\*+[^*/])*\*+/$re$,
    '\1 ',
    'g'
  ) as body
from pg_proc p
join pg_language l on l.oid = p.prolang
where p.oid >= 16384
  and p.pronamespace::regnamespace::text !~ '^pg_(toast|temp)'
  and (p.tableoid, p.oid) not in (select classid, objid from extension_members)
