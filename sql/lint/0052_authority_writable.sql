-- A role that may write who belongs to an organization, or which keys open it.
-- level: weakness
-- Organizations, memberships and API keys decide who enters. Injected SQL that can write them creates a key that still works
-- after the request.
select
  p.object,
  format('%s has %s', p.grantee_name, string_agg(p.privilege, ', ' order by p.privilege)) as detail,
  format(
    'revoke %s on %s from %s;',
    string_agg(concat(p.privilege, ' (' || quote_ident(p.column_name) || ')'), ', ' order by p.privilege),
    t.name, p.grantee_name
  ) as remedy
from privileges p
join tenant_tables t on t.oid = p.table_oid
where t.name like 'tenancy.%'
  and p.privilege in ('insert', 'update', 'delete')
  and p.grantee not in (0, p.owner)
group by p.object, p.grantee_name, t.name
