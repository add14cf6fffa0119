-- A role other than the owner that may create something.
-- level: leak
-- Who creates a table, a temporary one too, can put it in the place of another by its name; who creates a function can
-- have others run it; and nothing new is behind the wall by itself.
select
  p.object,
  format('%s has %s on this %s', p.grantee_name, p.privilege, p.kind) as detail,
  format('revoke %s on %s %s from %s;', p.privilege, p.kind, p.object, p.grantee_name) as remedy
from privileges p
where p.kind in ('schema', 'database')
  and p.privilege in ('create', 'temporary')
  and p.grantee not in (0, p.owner)
  -- Migrations make schemas.
  and not (p.kind = 'database' and p.privilege = 'create' and p.grantee = to_regrole('stockade_owner'))
