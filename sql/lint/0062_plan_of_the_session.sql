-- A function for requests whose plans the session chooses.
-- level: leak
-- An injected statement may switch index scans off before it calls the function. Postgres then reads the rows of everybody, and
-- evaluates the conditions of the function for each before it asks for the organization. By the time it takes, the arguments of
-- the call are compared with every value.
with wanted (setting) as (
  values
    ('enable_seqscan=off'),
    ('enable_indexscan=on'),
    -- Before Postgres 18, a scan that is switched off is one that costs much: an index scan may not cost more.
    ('random_page_cost=4'),
    ('cpu_tuple_cost=0.01'),
    ('cpu_index_tuple_cost=0.005'),
    ('cpu_operator_cost=0.0025')
),
reading as (
  select distinct u.oid
  from function_uses u
  join tenant_tables t on t.oid = u.used
)
select
  f.name as object,
  format('%s may execute it, without %s', p.grantee_name, string_agg(w.setting, ', ' order by w.setting)) as detail,
  format('alter routine %s %s;', f.name, string_agg(format('set %s', replace(w.setting, '=', ' = ')), ' ' order by w.setting))
    as remedy
from own_functions f
join reading r on r.oid = f.oid
join privileges p on p.kind = 'function' and p.object = f.name and p.privilege = 'execute'
join login_roles l on l.oid = p.grantee
cross join wanted w
where f.is_definer
  -- Jobs may enter every organization, and operators see the tables of organizations as a whole.
  and l.name not in ('stockade_jobs', 'stockade_admin')
  and w.setting <> all (coalesce(f.settings, '{}'))
group by f.name, p.grantee_name
