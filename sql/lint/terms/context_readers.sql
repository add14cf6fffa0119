-- The functions that tell which organization was entered, and let nobody choose it: the context proves itself.
select f.oid
from own_functions f
join context_functions c on c.name = f.name and c.is_reader
