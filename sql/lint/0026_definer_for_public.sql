-- A security definer function that PUBLIC may execute.
-- level: leak
-- It runs as the owner, and every role of the server can call it, even roles created tomorrow.
select
  f.name as object,
  'public may execute it' as detail,
  format('revoke execute on routine %s from public; grant it to the roles that need it', f.name) as remedy
from own_functions f
join privileges p on p.kind = 'function' and p.object = f.name
where f.is_definer
  and p.grantee = 0
