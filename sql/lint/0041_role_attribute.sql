-- A role whose attributes bypass row-level security.
-- level: leak
-- A superuser and a role with BYPASSRLS obey no policy. CREATEROLE creates roles with more rights. REPLICATION reads every row
-- from the log. And nobody may log in as the owner of everything, or of the functions that post.
select
  quote_ident(r.rolname) as object,
  'it has ' || string_agg(attribute.name, ', ' order by attribute.name) as detail,
  string_agg(format('alter role %I no%s;', r.rolname, attribute.name), ' ' order by attribute.name) as remedy
from pg_roles r
cross join lateral (
  values
    ('superuser', r.rolsuper),
    ('bypassrls', r.rolbypassrls),
    ('createrole', r.rolcreaterole),
    ('createdb', r.rolcreatedb),
    ('replication', r.rolreplication),
    ('login', r.rolcanlogin and r.rolname in ('stockade_owner', 'stockade_ledger'))
) as attribute (name, is_set)
where attribute.is_set
  and (
    r.oid in (select oid from login_roles)
    or r.rolname like 'stockade\_%'
    -- For every role, whatever it was granted: no policy applies to it. A role without a login can be taken with SET ROLE.
    or (
      attribute.name = 'bypassrls'
      and not r.rolsuper
      and (r.rolcanlogin or r.oid in (select roleid from pg_auth_members where set_option or admin_option))
    )
  )
group by r.rolname
