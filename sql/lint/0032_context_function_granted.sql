-- A function that enters an organization, or uses the keys of contexts, granted to a role.
-- level: leak
-- With tenancy.sign_context(), a login role enters any organization. So does the API with tenancy.enter_as_job(). Every function that
-- may be granted is listed as an exception, with its reason.
with doors as (
  select oid
  from own_functions
  where body ~ '\m(context_keys|pass_keys)\M|\m(sign_context|verified_context|enter_\w+|set_pass_key|drop_pass_key|rotate_context_key)\s*\(|stockade\.context'
  union all
  select oid
  from own_tables
  where class = 'Secret'
),
ways as (
  select oid
  from doors
  union
  -- Functions that only check which organization was entered do not count.
  select u.oid
  from function_uses u
  join doors d on d.oid = u.used
  where u.used not in (select oid from context_readers)
)
select
  f.name as object,
  format('%s may execute it', p.grantee_name) as detail,
  format('revoke execute on routine %s from %s;', f.name, p.grantee_name) as remedy
from own_functions f
join ways w on w.oid = f.oid
join privileges p on p.kind = 'function' and p.object = f.name
where p.grantee not in (0, f.owner)
union all
-- A trigger's function counts even if it is granted to nobody.
select
  f.name,
  format('every write to %s runs it', t.tgrelid::regclass),
  format('drop trigger %I on %s;', t.tgname, t.tgrelid::regclass)
from own_functions f
join ways w on w.oid = f.oid
join pg_trigger t on t.tgfoid = f.oid
where not t.tgisinternal
