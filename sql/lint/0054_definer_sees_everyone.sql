-- A security definer function, given to a role, that reads a table of which its owner sees every organization's rows.
-- level: weakness
-- No policy keeps the rows apart for it: the `where` of each statement is all that does, and one that is forgotten shows
-- everybody's.
with seen_whole as (
  select table_oid as oid, table_name as name
  from tenant_policies
  where is_for_owner
    and command in ('r', '*')
    and using_text !~ 'tenancy\.current_org\(\)'
  union
  -- The journal of migrations has nothing of anybody.
  select oid, name
  from own_tables
  where class like 'Platform data%'
    and name not like 'stockade\_migrations.%'
    and oid not in (select oid from tenant_tables)
  union
  -- What is put together when it runs may be any of them.
  select oid, 'what it puts together'
  from own_functions
  where body ~ '\mexecute\M'
)
select
  f.name as object,
  format('for %s it reads %s', g.roles, string_agg(distinct s.name, ', ')) as detail,
  'see that each statement says which organization, and list it as an exception with how it does' as remedy
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
