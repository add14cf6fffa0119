-- A function of the sealed context that is missing, or not as the wall needs it.
-- level: leak
-- Policies believe what tenancy.current_org() says, and that what tenancy.enter_*() asks was asked: one that asks less is as
-- good as none, and no other rule sees what it asks.
select
  c.name as object,
  case
    when f.oid is null then 'it is missing: this is no Stockade database, or it was never migrated'
    when f.is_definer <> c.is_definer then format('it is %ssecurity definer', case when c.is_definer then 'not ' end)
    when f.volatility <> c.volatility then format('it is not %s', case c.volatility when 's' then 'stable' else 'volatile' end)
    else format('it is not as this release has it: its digest is %s', f.digest)
  end as detail,
  'restore it as its migration makes it; on an empty database run the migrations; a migration that changes it on purpose '
    || 'brings its digest in sql/lint/terms/context_functions.sql' as remedy
from context_functions c
left join (
  select
    f.*,
    left(
      encode(
        sha256(convert_to(
          concat_ws(
            E'\n', f.language, f.returns, f.is_strict, array_to_string(f.settings, ','), replace(f.source, E'\r', '')
          ),
          'UTF8'
        )),
        'hex'
      ),
      32
    ) as digest
  from own_functions f
) as f on f.name = c.name
where f.oid is null
  or f.is_definer <> c.is_definer
  or f.volatility <> c.volatility
  or f.digest <> c.digest
