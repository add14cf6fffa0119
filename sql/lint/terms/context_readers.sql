-- The functions that return which organization was entered. Nobody can choose it with them: the context proves itself.
select f.oid
from own_functions f
join context_functions c on c.name = f.name and c.is_reader
