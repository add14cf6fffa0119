-- A role other than the owner that may create objects.
-- level: leak
-- A new table, even a temporary one, can take the place of another table with the same name. A new function can be run by
-- others. And no policy protects a new object by itself.
select
  p.object,
  format('%s has %s on this %s', p.grantee_name, p.privilege, p.kind) as detail,
  format('revoke %s on %s %s from %s;', p.privilege, p.kind, p.object, p.grantee_name) as remedy
from privileges p
where p.kind in ('schema', 'database')
  and p.privilege in ('create', 'temporary')
  and p.grantee not in (0, p.owner)
  -- Migrations create schemas.
  and not (p.kind = 'database' and p.privilege = 'create' and p.grantee = to_regrole('stockade_owner'))
