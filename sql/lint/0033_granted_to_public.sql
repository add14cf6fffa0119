-- A privilege of PUBLIC.
-- level: leak
-- PUBLIC is every role of the server, even roles created tomorrow.
select
  p.object,
  format('public has %s on this %s', string_agg(p.privilege, ', ' order by p.privilege), p.kind) as detail,
  format(
    'revoke %s on %s from public;',
    string_agg(concat(p.privilege, ' (' || quote_ident(p.column_name) || ')'), ', ' order by p.privilege),
    case p.kind when 'column' then p.table_oid::regclass::text else concat_ws(' ', p.kind, p.object) end
  ) as remedy
from privileges p
where p.grantee = 0
  -- CONNECT alone allows nothing.
  and not (p.kind = 'database' and p.privilege = 'connect')
  -- Definer functions have their own rule.
  and not (p.kind = 'function' and exists (select from own_functions f where f.name = p.object and f.is_definer))
group by p.kind, p.object, p.table_oid, p.column_name
