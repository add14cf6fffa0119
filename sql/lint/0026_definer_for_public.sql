-- A security definer function that everybody may call.
-- level: leak
-- It is a door in the wall that stands open to every role of the server, those that are made tomorrow included.
select
  f.name as object,
  'public may execute it' as detail,
  format('revoke execute on routine %s from public; grant it to the roles that need it', f.name) as remedy
from own_functions f
join privileges p on p.kind = 'function' and p.object = f.name
where f.is_definer
  and p.grantee = 0
