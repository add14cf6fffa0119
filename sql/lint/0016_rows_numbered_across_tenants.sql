-- A tenant's table whose rows are numbered by a sequence.
-- level: leak
-- All organizations use one sequence: the gaps between an organization's own numbers show how much the others do.
with drawing as (
  select oid, name
  from own_functions
  where body ~ '\mnextval\s*\('
  union
  select f.oid, f.name
  from own_functions f
  join function_uses u on u.oid = f.oid
  join own_functions used on used.oid = u.used
  where used.body ~ '\mnextval\s*\('
)
select
  format('%s.%I', t.name, a.attname) as object,
  case
    when a.attidentity <> '' then 'it is an identity column'
    else format('its default is %s', coalesce(pg_get_expr(d.adbin, d.adrelid), type.typdefault))
  end as detail,
  format('alter table %s: use inventory.new_id(), or a number counted per organization', t.name) as remedy
from tenant_tables t
join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
join pg_type type on type.oid = a.atttypid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attidentity <> ''
  or coalesce(pg_get_expr(d.adbin, d.adrelid), type.typdefault) ~ '\mnextval\('
  or exists (
    select
    from pg_depend called
    join drawing on drawing.oid = called.refobjid
    where called.refclassid = 'pg_proc'::regclass
      and (
        (called.classid = 'pg_attrdef'::regclass and called.objid = d.oid)
        or (called.classid = 'pg_type'::regclass and called.objid = type.oid and d.oid is null)
      )
  )
union all
select
  format('%I on %s', trigger.tgname, t.name),
  format('it runs %s, which uses a sequence', drawing.name),
  format('drop trigger %I on %s;', trigger.tgname, t.name)
from tenant_tables t
join pg_trigger trigger on trigger.tgrelid = t.oid and not trigger.tgisinternal
join drawing on drawing.oid = trigger.tgfoid
