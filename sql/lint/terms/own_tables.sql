-- Tables, with their class: the first words of their comment. class is null when the comment has no such words.
select
  r.oid,
  r.name,
  r.owner,
  r.row_security,
  r.row_security_forced,
  substring(
    obj_description(r.oid, 'pg_class')
    from '^(Tenant data|Tenant data \(append-only\)|Tenant data \(derived\)|Platform data|Platform data \(append-only\)|Secret): \S'
  ) as class
from own_relations r
where r.kind in ('r', 'p', 'f')
