-- The roles that use Stockade: they can log in and are named stockade_*, or were given something of ours, or inherit it.
-- Not the owner, whom nobody may log in as; and not who administers the server: superusers hold nothing by grant, and the
-- role that migrates must take the owner with SET ROLE.
with recursive users (oid) as (
  select oid
  from pg_roles
  where rolname like 'stockade\_%'
  union
  select grantee
  from privileges
  where kind in ('schema', 'table', 'column', 'sequence', 'function')
    and grantee not in (0, owner)
  union
  select m.member
  from users
  join pg_auth_members m on m.roleid = users.oid
  where m.inherit_option
)
select r.oid, quote_ident(r.rolname) as name
from users
join pg_roles r on r.oid = users.oid
where r.rolcanlogin
  and r.rolname <> 'stockade_owner'
