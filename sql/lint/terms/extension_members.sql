-- What belongs to an extension. Which extensions may be installed is a rule of its own.
select classid, objid
from pg_depend
where deptype = 'e'
