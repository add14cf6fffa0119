-- A login role that owns an object.
-- level: leak
-- An owner may drop policies, disable triggers and grant its objects to anybody, and so may injected SQL.
select
  l.name as object,
  format(
    'it owns %s',
    string_agg(
      case when d.dbid = 0 then 'a database or tablespace' else pg_describe_object(d.classid, d.objid, d.objsubid) end,
      ', '
      order by d.classid, d.objid
    )
  ) as detail,
  format('reassign owned by %s to stockade_owner;', l.name) as remedy
from login_roles l
join pg_shdepend d
  on d.refclassid = 'pg_authid'::regclass
  and d.refobjid = l.oid
  and d.deptype = 'o'
where d.dbid in (0, (select oid from pg_database where datname = current_database()))
group by l.name
