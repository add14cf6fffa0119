-- The roles that use Stockade: they can log in and are named stockade_*, or were given something of ours, or have or may
-- take such a role: pg_read_all_data and pg_write_all_data are given every secret.
-- Not the owner, whom nobody may log in as; and not who administers the server: superusers hold nothing by grant, and the
-- owner of the database, when it is none, is who migrates and must take the owner of everything with SET ROLE.
with recursive users (oid) as (
  select oid
  from pg_roles
  where rolname like 'stockade\_%'
    or rolname in ('pg_read_all_data', 'pg_write_all_data')
  union
  select grantee
  from privileges
  where kind in ('schema', 'table', 'column', 'sequence', 'function')
    and grantee not in (0, owner)
  union
  select r.oid
  from users
  -- Whoever may grant a role may grant it to himself.
  join pg_auth_members m on m.roleid = users.oid and (m.inherit_option or m.set_option or m.admin_option)
  join pg_roles r on r.oid = m.member and not r.rolsuper
  where r.oid <> (select datdba from pg_database where datname = current_database())
)
select r.oid, quote_ident(r.rolname) as name
from users
join pg_roles r on r.oid = users.oid
where r.rolcanlogin
  and r.rolname <> 'stockade_owner'
