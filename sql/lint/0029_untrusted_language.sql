-- A function in a language that can do anything.
-- level: leak
-- C, internal and untrusted languages reach the server's files and memory: no policy stands before them.
select
  name as object,
  format('it is written in %s', language) as detail,
  'write it in sql or plpgsql' as remedy
from own_functions
where not is_trusted
