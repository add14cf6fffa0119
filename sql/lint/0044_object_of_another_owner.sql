-- An object of Stockade that stockade_owner does not own.
-- level: leak
-- A definer function of a superuser runs as a superuser and obeys no policy. FORCE does not apply to a superuser's table.
select
  owned.name as object,
  format('this %s belongs to %s%s', owned.kind, owned.owner::regrole, owned.note) as detail,
  format('alter %s %s owner to stockade_owner;', owned.kind, owned.name) as remedy
from (
  select 'schema' as kind, name, owner, null as note
  from own_schemas
  where name <> 'public'
  union all
  select
    case kind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table'
      else 'table' end,
    name, owner, null
  from own_relations
  where kind in ('r', 'p', 'v', 'm', 'S', 'f')
  union all
  select 'function', name, owner, case when is_definer then ', and runs as that role' end
  from own_functions
) as owned
where owned.owner is distinct from to_regrole('stockade_owner')
