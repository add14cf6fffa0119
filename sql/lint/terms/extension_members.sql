-- Objects of extensions. Another rule decides which extensions may be installed.
select classid, objid
from pg_depend
where deptype = 'e'
