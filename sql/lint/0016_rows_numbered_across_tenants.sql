-- A tenant's table whose rows are numbered by a sequence.
-- level: leak
-- Organizations draw from one sequence: the gaps between one's own numbers tell how much the others do.
select
  format('%s.%I', t.name, a.attname) as object,
  case
    when a.attidentity <> '' then 'it is an identity column'
    else format('its default is %s', pg_get_expr(d.adbin, d.adrelid))
  end as detail,
  format('alter table %s: use inventory.new_id(), or a number counted per organization', t.name) as remedy
from tenant_tables t
join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attidentity <> ''
  or pg_get_expr(d.adbin, d.adrelid) ~ '\mnextval\('
