-- A function in an untrusted language.
-- level: leak
-- C, internal and untrusted languages reach the files and the memory of the server: no policy stops them.
select
  name as object,
  format('it is written in %s', language) as detail,
  'write it in sql or plpgsql' as remedy
from own_functions
where not is_trusted
