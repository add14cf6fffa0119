-- A view that reads with its owner's privileges.
-- level: leak
-- The caller's role is not asked for, its owner's is: what only the owner may read, anybody who may read the view reads.
select
  name as object,
  'it is not security_invoker' as detail,
  format('alter view %s set (security_invoker = true);', name) as remedy
from own_relations r
where kind = 'v'
  and not exists (
    select
    from pg_options_to_table(r.options)
    where option_name = 'security_invoker'
      and option_value::boolean
  )
