-- Functions and procedures that did not come with Postgres or an extension.
-- body is the text for rules: lower case, without comments, without unnecessary quotes around names, and without blanks around
-- dots, so that every name has one spelling. Strings stay, because a function may run them. code is the body without the
-- content of strings, and null where no rule would find anything in it. Another rule refuses bodies that this cannot read
-- correctly.
with sources as (
  select
    p.*,
    coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as source,
    -- Strings with escapes, without escapes, and dollar-quoted; names with unnecessary and with necessary quotes; comments.
    -- A reference back, as to the tag of a dollar-quoted string, makes an expression slow, and most bodies have no dollar.
    case
      when coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) like '%$%'
      then $re$(\m[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\$((?:[A-Za-z_]\w*)?)\$(?:[^$]|\$(?!\w*\$))*\$\2\$)$re$
      else $re$(\m[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')()$re$
    end
      || $re$|"([a-z_][a-z0-9_$]*)"|("(?:[^"]|"")*")|--[^\n]*|/\*(?:[^*]|\*+[^*/])*\*+/$re$ as pattern
  from pg_proc p
  where p.oid >= 16384
    and p.pronamespace::regnamespace::text !~ '^pg_(toast|temp)'
    and (p.tableoid, p.oid) not in (select classid, objid from extension_members)
),
bodies as (
  select
    s.*,
    lower(regexp_replace(regexp_replace(s.source, s.pattern, '\1\3\4 ', 'g'), '\s+\.\s*|\.\s+', '.', 'g')) as body
  from sources s
)
select
  b.oid,
  b.oid::regprocedure::text as name,
  b.pronamespace as schema,
  b.proname as plain_name,
  b.proowner as owner,
  b.proacl as acl,
  b.prosecdef as is_definer,
  b.proleakproof as is_leakproof,
  b.proconfig as settings,
  b.provolatile as volatility,
  l.lanname as language,
  l.lanpltrusted as is_trusted,
  b.prorettype::regtype::text as returns,
  b.proisstrict as is_strict,
  b.source,
  b.body,
  case when b.body ~ '\mset_config\M|[$&]|\*/' then regexp_replace(b.body, b.pattern, '''''', 'g') end as code
from bodies b
join pg_language l on l.oid = b.prolang
