-- The roles that use Stockade: they can log in, and their name is stockade_*, or they were granted something of ours, or they
-- have or may take such a role. pg_read_all_data and pg_write_all_data count as such roles, because they can read every secret.
-- Not included are the owner, as whom nobody may log in, and the administrators: superusers, and the owner of the database,
-- which runs the migrations and must take the owner's role with SET ROLE.
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
  -- A role that may grant a role may grant it to itself.
  join pg_auth_members m on m.roleid = users.oid and (m.inherit_option or m.set_option or m.admin_option)
  join pg_roles r on r.oid = m.member and not r.rolsuper
  where r.oid <> (select datdba from pg_database where datname = current_database())
)
select r.oid, quote_ident(r.rolname) as name
from users
join pg_roles r on r.oid = users.oid
where r.rolcanlogin
  and r.rolname <> 'stockade_owner'
