-- An index of text that begins with no organization and is compared by the rules of a language.
-- level: leak
-- The rules of a language ignore some characters. Compared with a text that a caller has filled with them, an entry of the index takes
-- longer the more of its letters are right: by the time, its value is read letter by letter.
with asked as (
  -- The tables that functions of requests read.
  select distinct u.used as oid
  from own_functions f
  join function_uses u on u.oid = f.oid
  join privileges p on p.kind = 'function' and p.object = f.name and p.privilege = 'execute'
  join login_roles l on l.oid = p.grantee
  -- Jobs may enter every organization, and operators see the tables of organizations as a whole.
  where l.name not in ('stockade_jobs', 'stockade_admin')
)
select
  i.indexrelid::regclass::text as object,
  format('%s, of %s', pg_get_indexdef(i.indexrelid), t.name) as detail,
  format('create the column, or the index, with collate "C"') as remedy
from own_tables t
join asked on asked.oid = t.oid
join pg_index i on i.indrelid = t.oid
join pg_collation c on c.oid = i.indcollation[0]
where c.collname not in ('C', 'POSIX')
