-- A view that reads with its owner's privileges.
-- level: leak
-- It reads with the owner's role, not with the caller's: its readers can read what only the owner may read.
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
