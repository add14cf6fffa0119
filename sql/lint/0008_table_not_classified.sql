-- A table whose comment does not classify it, or classifies it wrongly.
-- level: weakness
-- Nobody has decided whether its rows belong to organizations, so no rule knows whether they must be kept apart.
select
  t.name as object,
  case
    when t.class is null
      then 'the comment does not begin with Tenant data (or Tenant data (append-only), Tenant data (derived)), '
        || 'Platform data (or Platform data (append-only)) or Secret, and a colon'
    else 'it says Platform data, but its rows have an org_id'
  end as detail,
  format('comment on table %s is ''Tenant data: …'';', t.name) as remedy
from own_tables t
left join tenant_tables tenant on tenant.oid = t.oid
where t.class is null
  or (t.class like 'Platform data%' and tenant.oid is not null)
