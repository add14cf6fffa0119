-- A policy that a login role can drop.
-- level: leak
-- `drop owned by` takes the role out of every policy that names it, of any owner's table, and drops a policy that names no
-- other role. A role may run it for itself, and for each role whose privileges it has.
with guarded as (
  -- At a table of which it has a privilege on a column and none on the table, DROP OWNED fails.
  select c.grantee
  from privileges c
  where c.kind = 'column'
    and not exists (
      select
      from privileges t
      where t.kind = 'table' and t.table_oid = c.table_oid and t.grantee in (c.grantee, 0)
    )
)
select
  format('%I on %s', p.polname, t.name) as object,
  format('it names %s, which may run DROP OWNED', r.rolname) as detail,
  format('grant select (nothing) on tenancy.drop_owned_guard to %I;', r.rolname) as remedy
from own_tables t
join pg_policy p on p.polrelid = t.oid
cross join unnest(p.polroles) as named (oid)
join pg_roles r on r.oid = named.oid
where exists (select from login_roles l where pg_has_role(l.oid, r.oid, 'usage'))
  -- Another rule refuses a login role that has the privileges of these.
  and r.rolname not in ('stockade_owner', 'stockade_ledger')
  and r.oid not in (select grantee from guarded)
