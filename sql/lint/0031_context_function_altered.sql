-- A function of the signed context that is missing or changed.
-- level: leak
-- Policies trust tenancy.current_org(), and trust that tenancy.enter_*() checked the caller. A function that checks less is as
-- bad as none, and no other rule sees what it checks.
select
  c.name as object,
  case
    when f.oid is null then 'it is missing: this is not a Stockade database, or it was never migrated'
    when f.is_definer <> c.is_definer then format('it is %ssecurity definer', case when c.is_definer then 'not ' end)
    when f.volatility <> c.volatility then format('it is not %s', case c.volatility when 's' then 'stable' else 'volatile' end)
    else format('it differs from this release: its digest is %s', f.digest)
  end as detail,
  'restore it from sql/functions; on an empty database run the migrations; after a change on purpose, '
    || 'write its digest into sql/lint/terms/context_functions.sql' as remedy
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
