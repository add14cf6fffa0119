-- A function of the sealed context that is missing, or not as the wall needs it.
-- level: leak
-- Policies believe what tenancy.current_org() says. It must read keys that its caller may not read, and answer the same
-- for the whole statement.
select
  expected.name as object,
  case
    when f.oid is null then 'it is missing: this is no Stockade database, or it was never migrated'
    when not f.is_definer then 'it is not security definer'
    when f.volatility <> 's' then 'it is not stable'
    else 'it does not look at the keys that seal contexts'
  end as detail,
  'restore it as its migration makes it; on an empty database run the migrations' as remedy
from (
  values
    ('tenancy.current_org()', true),
    ('tenancy.require_scope(text)', false),
    ('tenancy.current_actor()', false)
) as expected (name, reads_keys)
left join own_functions f on f.name = expected.name
where f.oid is null
  or not f.is_definer
  or f.volatility <> 's'
  or (expected.reads_keys and f.body !~ '\mseal_keys\M')
