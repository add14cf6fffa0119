-- A granted security definer function that reads a table whose rows of every organization its owner sees.
-- level: weakness
-- No policy keeps the rows apart for it. Only the `where` of each statement does, and one that forgets it shows everybody's
-- rows.
with seen_whole as (
  select table_oid as oid, table_name as name
  from tenant_policies
  where is_for_owner
    and command in ('r', '*')
    and using_text !~ 'tenancy\.current_org\(\)'
  union
  -- The journal of migrations contains no data of organizations.
  select oid, name
  from own_tables
  where class like 'Platform data%'
    and name not like 'stockade\_migrations.%'
    and oid not in (select oid from tenant_tables)
  union
  -- Dynamic SQL may read any of them.
  select oid, 'what dynamic SQL names'
  from own_functions
  where body ~ '\mexecute\M'
)
select
  f.name as object,
  format('for %s it reads %s', g.roles, string_agg(distinct s.name, ', ')) as detail,
  'check that each statement names the organization, and list it as an exception with how it does' as remedy
from own_functions f
join (
  select oid, used
  from function_uses
  union
  select oid, oid
  from own_functions
) as u on u.oid = f.oid
join seen_whole s on s.oid = u.used
join (
  select object, string_agg(grantee_name, ', ' order by grantee_name) as roles
  from privileges
  where kind = 'function'
    and grantee <> owner
  group by object
) as g on g.object = f.name
where f.is_definer
group by f.name, g.roles
