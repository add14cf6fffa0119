-- The permissive policies of tenants' tables: each lets rows through. shape is the whole policy in SQL; expected is the only
-- condition that is allowed.
select
  format('%I on %s', p.polname, t.name) as object,
  t.oid as table_oid,
  t.name as table_name,
  p.polcmd as command,
  p.polroles = array[0::oid] as is_for_everyone,
  to_regrole('stockade_owner') = any (p.polroles) as is_for_owner,
  u.using_text,
  u.check_text,
  format('(%I = ( SELECT tenancy.current_org() AS current_org))', t.org_column) as expected,
  concat_ws(
    ' ',
    'for ' || case p.polcmd
      when 'r' then 'select'
      when 'a' then 'insert'
      when 'w' then 'update'
      when 'd' then 'delete'
      else 'all'
    end,
    'to ' || (
      select string_agg(case when role = 0 then 'public' else role::regrole::text end, ', ' order by role::regrole::text)
      from unnest(p.polroles) as role
    ),
    'using (' || u.using_text || ')',
    'with check (' || u.check_text || ')'
  ) as shape
from pg_policy p
join tenant_tables t on t.oid = p.polrelid
cross join lateral (
  select
    pg_get_expr(p.polqual, p.polrelid) as using_text,
    pg_get_expr(p.polwithcheck, p.polrelid) as check_text
) as u
where p.polpermissive
