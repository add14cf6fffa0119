-- A privilege that its holder may pass on.
-- level: weakness
-- SQL injected into that role's session can grant it to PUBLIC, and then every other role has it.
select
  p.object,
  format('%s may grant %s on this %s', p.grantee_name, string_agg(p.privilege, ', ' order by p.privilege), p.kind) as detail,
  format(
    'revoke grant option for %s on %s %s from %s;',
    string_agg(p.privilege, ', ' order by p.privilege), p.kind, p.object, p.grantee_name
  ) as remedy
from privileges p
where p.is_grantable
  and p.grantee <> p.owner
group by p.object, p.kind, p.grantee_name
