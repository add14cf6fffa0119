-- A function that enters an organization, or knows the keys of that, given to a role.
-- level: leak
-- tenancy.seal(), in the hands of a login role, enters any organization; so does tenancy.enter_as_job() in those of the
-- API. Every door is an exception that is listed with its reason.
select
  f.name as object,
  format('%s may execute it', p.grantee_name) as detail,
  format('revoke execute on routine %s from %s;', f.name, p.grantee_name) as remedy
from own_functions f
join privileges p on p.kind = 'function' and p.object = f.name
where p.grantee not in (0, f.owner)
  and f.body ~* '\m(seal_keys|pass_keys)\M|\m(seal|verified_context|enter_\w+|set_pass_key|drop_pass_key|rotate_seal_key)\s*\(|stockade\.context'
